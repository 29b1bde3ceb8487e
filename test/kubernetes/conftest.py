from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "lab" / "cluster"), str(ROOT / "lab" / "stand_ins")]


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The synthesized templates by the stack's name."""
    from stack import synthesize

    return synthesize(tmp_path_factory.mktemp("cdk"))
