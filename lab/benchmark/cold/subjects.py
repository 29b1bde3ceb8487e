"""The subjects of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.cold.layout import Layout

PLAIN, NUMPY, NATIVE, EMPTY, BARE = "plain TensorFlow", "numpy", "native", "empty Python handler", "bare Python"
TRUE = "/bin/true"
KERAS, ONNX, LITERT = "Keras", "ONNX Runtime", "LiteRT as installed"
RUST, C_PROGRAM = "empty Rust function", "C program"
EMPTY_ANSWERS = (EMPTY, RUST)
"""Subjects that predict nothing."""
IN_PROCESS = (PLAIN, NUMPY, EMPTY)
"""Subjects that are also started without a runtime client."""


@dataclass(frozen=True)
class Subject:
    """One row of the table: a module with a handler, in a process of its own."""

    name: str
    module: str = ""
    path: tuple[Path, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    bytecode: Path | None = None
    """Directory in which the first start leaves bytecode for the next ones, if nothing compiled its imports before."""
    program: Path | None = None
    """The program that runs instead of Python."""


def subjects(layout: Layout, model: Path, saved_model: Path) -> list[Subject]:
    """Return the subjects that need nothing but the set-up. They inherit no PYTHON* and no OPENBLAS_* variables.

    Args:
        layout: Paths of the layout.
        model: Directory of the optimized model.
        saved_model: The model as trained.
    """
    served = {"MODEL_DIR": str(model)}
    return [
        Subject(
            PLAIN,
            "tensorflow_handler",
            (layout.plain, layout.tensorflow),
            {"SAVED_MODEL_DIR": str(saved_model), "TF_CPP_MIN_LOG_LEVEL": "3"},
            # TensorFlow is too large to copy, and uncompiled it would take three times as long, which would be unfair.
            layout.bytecode,
        ),
        Subject(
            LITERT,
            "litert_handler",
            (layout.plain, layout.tensorflow),
            {"MODEL_FILE": str(litert_file(model))},
            layout.bytecode,
        ),
        # The environment that ModelFunction sets for each runtime.
        Subject(
            NUMPY,
            "index",
            (layout.task, layout.packages),
            {**served, "OPENBLAS_NUM_THREADS": "1"},
        ),
        Subject(NATIVE, environment={**served, "LITERT_LIBRARY": str(layout.library)}, program=layout.program),
        Subject(EMPTY, "empty_handler", (layout.plain,)),
    ]


def litert_file(model: Path) -> Path:
    """Return the only .tflite file in an optimized model's directory."""
    (file,) = model.glob("**/*.tflite")
    return file
