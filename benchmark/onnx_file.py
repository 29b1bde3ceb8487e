"""The digits CNN for ONNX Runtime: the SavedModel, converted by tf2onnx."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmark.digits import DIGITS, REPOSITORY
from benchmark.running import run_quietly

if TYPE_CHECKING:
    from pathlib import Path

_TOOLS = REPOSITORY / ".tools"


def packages() -> Path:
    """Return a directory with ONNX Runtime and tf2onnx, for the Python of the set-up. Installs what is not there.

    Raises:
        CalledProcessError: A package cannot be installed.
    """
    target = _TOOLS / "benchmark-onnx"
    lock = REPOSITORY / "benchmark" / "cold" / "onnx" / "requirements.txt"
    installed = target / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        run_quietly(
            *(str(_TOOLS / "uv" / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--reinstall", "--compile-bytecode", "--python", sys.executable),
            *("--target", str(target), "-r", str(lock)),
        )
        installed.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    return target


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
        environment={"PYTHONPATH": str(packages()), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return file
