"""The tool that the benchmark compares with, and a third-party model, in environments of their own."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmark.running import TOOLS, packages, run_quietly

_HERE = Path(__file__).resolve().parent


def quantizer_python() -> Path:
    """Return a Python that has ai-edge-quantizer, whose dependencies conflict with the optimizer's."""
    directory = TOOLS / "benchmark-quantizer"
    python = directory / "bin" / "python"
    if not python.exists():
        _uv("venv", "--clear", "--python", sys.executable, str(directory))
    lock = _HERE / "requirements.txt"
    _uv("pip", "sync", "--require-hashes", "--python", str(python), str(lock))
    return python


def basic_pitch() -> Path:
    """Return the SavedModel of the package basic-pitch, a typical one with unneeded parts."""
    return packages("samples", _HERE / "samples.txt") / "basic_pitch" / "saved_models" / "icassp_2022" / "nmp"


def _uv(*arguments: str) -> None:
    run_quietly(str(TOOLS / "uv" / "bin" / "uv"), "--quiet", *arguments)
