"""The subjects that must be converted, installed or built first. One that cannot be is left out, with the reason."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.cold.subjects import C_PROGRAM, KERAS, ONNX, RUST, Subject, litert_file
from benchmark.digits import DIGITS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.cold.layout import Layout

TOOLS = REPOSITORY / ".tools"
_HERE = Path(__file__).resolve().parent


def made_subjects(root: Path, layout: Layout, model: Path) -> tuple[list[Subject], list[str]]:
    """Return the subjects, and a sentence for each that is left out.

    Args:
        root: Directory for what is made.
        layout: Paths of the layout.
        model: Directory of the optimized model.
    """
    makers: dict[str, Callable[[], Subject]] = {
        KERAS: lambda: _keras(root, layout),
        ONNX: lambda: _onnx(root, layout),
        RUST: lambda: Subject(RUST, program=_program(root, "lambda_runtime")),
        C_PROGRAM: lambda: _c(root, layout, model),
    }
    made, left_out = [], []
    for name, make in makers.items():
        print(f"preparing {name} …", file=sys.stderr)
        try:
            made.append(make())
        except (subprocess.CalledProcessError, OSError) as error:
            left_out.append(f"{name} was not measured: {_reason(error)}.")
    return made, left_out


def _keras(root: Path, layout: Layout) -> Subject:
    file = root / "digits.keras"
    # Keras writes a file of settings: not into the user's home directory.
    settings = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(root / "keras"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    _run([sys.executable, str(_HERE / "keras_file.py"), str(DIGITS), str(file)], settings)
    return Subject(
        KERAS,
        "keras_handler",
        (layout.plain, layout.tensorflow),
        {**settings, "KERAS_FILE": str(file)},
        layout.bytecode,
    )


def _onnx(root: Path, layout: Layout) -> Subject:
    packages = TOOLS / "benchmark-onnx"
    lock = _HERE / "onnx" / "requirements.txt"
    installed = packages / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != lock.read_text(encoding="utf-8"):
        _run(
            [
                *(str(TOOLS / "uv" / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
                *("--reinstall", "--compile-bytecode", "--python", sys.executable),
                *("--target", str(packages), "-r", str(lock)),
            ]
        )
        installed.write_text(lock.read_text(encoding="utf-8"), encoding="utf-8")
    file = root / "digits.onnx"
    _run(
        [
            *(sys.executable, "-m", "tf2onnx.convert", "--saved-model", str(DIGITS / "saved_model")),
            *("--tag", "serve", "--signature_def", "serving_default", "--output", str(file)),
        ],
        {"PYTHONPATH": str(packages), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return Subject(ONNX, "onnx_handler", (layout.plain, packages), {"ONNX_FILE": str(file)})


def _c(root: Path, layout: Layout, model: Path) -> Subject:
    environment = {"MODEL_FILE": str(litert_file(model)), "LITERT_LIBRARY": str(layout.library)}
    return Subject(C_PROGRAM, environment=environment, program=_program(root, "c_program"))


def _program(root: Path, name: str) -> Path:
    program = root / name
    _run(["node", str(_HERE / "programs.mjs"), str(program), name])
    return program


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    subprocess.run(  # noqa: S603 - our own commands
        command, env={**os.environ, **(environment or {})}, cwd=REPOSITORY, check=True, capture_output=True, text=True
    )


def _reason(error: subprocess.CalledProcessError | OSError) -> str:
    """Return the last line that a command printed, where it says why it failed."""
    if isinstance(error, OSError):
        return str(error)
    lines = [line.strip() for line in str(error.stderr).splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:300] if lines else f"exit code {error.returncode}"
