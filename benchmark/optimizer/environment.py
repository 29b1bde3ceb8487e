"""The tool that the benchmark compares with, and a third-party model, in environments of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TOOLS = REPOSITORY / ".tools"
_HERE = Path(__file__).resolve().parent


def quantizer_python() -> Path:
    """Return a Python that has ai-edge-quantizer, whose dependencies conflict with the optimizer's."""
    directory = TOOLS / "benchmark-quantizer"
    python = directory / "bin" / "python"
    if not python.exists():
        _uv("venv", "--quiet", "--clear", "--python", sys.executable, str(directory))
    lock = _HERE / "requirements.txt"
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(python), str(lock))
    return python


def basic_pitch() -> Path:
    """Return the SavedModel of the package basic-pitch, a typical one with unneeded parts."""
    target = TOOLS / "benchmark-samples"
    model = target / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp"
    if not model.exists():
        lock = _HERE / "samples.txt"
        _uv(
            *("pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", sys.executable),
            *("--target", str(target), "-r", str(lock)),
        )
    return model


def _uv(*arguments: str) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [str(TOOLS / "uv" / "bin" / "uv"), *arguments], check=True, env=os.environ
    )
