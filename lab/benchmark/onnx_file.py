"""The digits CNN for ONNX Runtime: the SavedModel, converted by tf2onnx."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmark.digits import DIGITS, REPOSITORY
from benchmark.running import packages, run_quietly

if TYPE_CHECKING:
    from pathlib import Path

_LOCK = REPOSITORY / "lab" / "benchmark" / "cold" / "onnx" / "requirements.txt"


def onnx_packages() -> Path:
    """Return a directory with ONNX Runtime and tf2onnx, for the Python of the set-up. Installs what is not there.

    Raises:
        CalledProcessError: A package cannot be installed.
    """
    return packages("onnx", _LOCK)


def convert(root: Path) -> Path:
    """Convert the SavedModel, and return the file.

    Args:
        root: Directory for the file.

    Raises:
        CalledProcessError: It cannot be converted.
    """
    file = root / "digits.onnx"
    run_quietly(
        *(sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(DIGITS / "saved_model")),
        *("--tag", "serve", "--signature_def", "serving_default", "--output", str(file)),
        environment={"PYTHONPATH": str(onnx_packages()), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return file
