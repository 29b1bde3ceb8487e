"""The subjects that must be converted, installed or built first. One that cannot be is left out, with the reason."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark import onnx_file
from benchmark.cold.subjects import C_PROGRAM, KERAS, ONNX, RUST, Subject, litert_file
from benchmark.digits import DIGITS
from benchmark.running import reason_of, run_quietly

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmark.cold.layout import Layout

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
            left_out.append(f"{name} was not measured: {reason_of(error)}.")
    return made, left_out


def _keras(root: Path, layout: Layout) -> Subject:
    file = root / "digits.keras"
    # Keras writes a file of settings: not into the user's home directory.
    settings = {"KERAS_BACKEND": "tensorflow", "KERAS_HOME": str(root / "keras"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    run_quietly(sys.executable, str(_HERE / "keras_file.py"), str(DIGITS), str(file), environment=settings)
    return Subject(
        KERAS,
        "keras_handler",
        (layout.plain, layout.tensorflow),
        {**settings, "KERAS_FILE": str(file)},
        layout.bytecode,
    )


def _onnx(root: Path, layout: Layout) -> Subject:
    return Subject(
        ONNX, "onnx_handler", (layout.plain, onnx_file.onnx_packages()), {"ONNX_FILE": str(onnx_file.convert(root))}
    )


def _c(root: Path, layout: Layout, model: Path) -> Subject:
    environment = {"MODEL_FILE": str(litert_file(model)), "LITERT_LIBRARY": str(layout.library)}
    return Subject(C_PROGRAM, environment=environment, program=_program(root, "c_program"))


def _program(root: Path, name: str) -> Path:
    program = root / name
    run_quietly("node", str(_HERE / "programs.mjs"), str(program), name)
    return program
