"""Finds the native program, and LiteRT's library."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import ai_edge_litert
import pytest

REPOSITORY = Path(__file__).parents[2]
#: Library of LiteRT: another one where the program is for another processor.
LIBRARY = os.environ.get("LITERT_LIBRARY") or str(Path(ai_edge_litert.__file__).parent / "libLiteRt.so")
#: Directories into which the set-up and cargo put the programs.
PROCESSOR = "arm64" if platform.machine() == "aarch64" else platform.machine()
BUILT = (f"dist/{PROCESSOR}", "target/release", "target/debug")


def built(*names: str) -> Path:
    """Return what MODEL_SERVER names, or the program that was built last."""
    named = os.environ.get("MODEL_SERVER")
    paths = [REPOSITORY / "server" / directory / name for directory in BUILT for name in names]
    found = [Path(named)] if named else sorted(filter(Path.exists, paths), key=lambda path: path.stat().st_mtime)
    if not found:
        pytest.skip("the native program is not built: npm run setup")
    return found[-1]
