"""The judge's side of a conversion: it reads rows, starts the leaf, and writes what the leaf answered and left."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.given_answers import program_of
from ..errors import BadInputError, OptimizerError
from ..processes.plain_text import one_line
from ..sandbox import Wanted
from .framework import Framework, file_of, framework_of, is_factory
from .rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..sandbox import Answer, Sandbox
    from .rows import Rows

MODEL, SAVED_MODEL, DATA = "model.tflite", "saved_model", "evaluation.npz"
#: Directory of the leaf that it leaves the model in.
MADE = "made"
_TASKS = {
    Framework.ONNX: "tensorflow_optimizer.converting.onnx_leaf:convert",
    Framework.JAX: "tensorflow_optimizer.converting.jax_leaf:convert",
}
_MOST_OUTPUTS = 1000


@dataclass(frozen=True)
class Converted:
    """A source for a job, and its evaluation data."""

    model: Path
    data: Path
    program: str
    """Name and version of the program whose answers are in the data."""
    outputs: Mapping[str, tuple[int, ...]]
    """The shape of a row's answer, by output."""


def convert(sandbox: Sandbox, model: str, data: Path, out: Path, *, outputs: Sequence[str] = ()) -> Converted:
    """Convert a model, and write `model.tflite` or `saved_model/`, and `evaluation.npz`, into a new directory.

    Args:
        sandbox: Where the model is opened, which may be code.
        model: Its path, or `module.py:factory`.
        data: An .npz file of rows.
        out: A directory that does not exist, or is empty.
        outputs: Names of the outputs in their order, of a model that has none.

    Raises:
        OptimizerError: The rows do not fit, or the model cannot be converted.
    """
    file, framework = file_of(model), framework_of(model)
    if not file.is_file():
        raise BadInputError(f"{file} is no file; give the path of a model")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{out} is not empty; give a new directory")
    rows = read_rows(data)
    kind, made = (SAVED_MODEL, Wanted.saved_model(MADE)) if framework is Framework.JAX else (MODEL, None)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".convert-", dir=out) as work:
        # A module may read the files beside it: weights, and modules of the same program.
        readable = file.parent if is_factory(model) else file
        with sandbox.leaf(_TASKS[framework], read=[readable], environment={}) as leaf:
            asked = {
                "file": str(file.resolve()),
                "function": model.rpartition(":")[2] if is_factory(model) else None,
                "outputs": list(outputs),
            }
            answer = leaf.ask(asked, dict(rows.inputs))
            answers = _checked(answer, rows)
            program = program_of("the model's process", _text(answer.document.get("program")))
            leaf.take(made or Wanted.file(MADE, MODEL), Path(work) / MADE)
        rows.write(Path(work) / DATA, answers, program)
        shutil.move(Path(work) / MADE if framework is Framework.JAX else Path(work) / MADE / MODEL, out / kind)
        (Path(work) / DATA).replace(out / DATA)
    shapes = {name: value.shape[1:] for name, value in answers.items()}
    return Converted(out / kind, out / DATA, program, shapes)


def _text(value: Any) -> NDArray[Any]:
    import numpy as np

    return np.array(str(value))


def _checked(answer: Answer, rows: Rows) -> Mapping[str, NDArray[Any]]:
    """Return the answers if they are one for each row: the process that gave them is believed nothing else."""
    if not isinstance(answer.document, dict) or not 0 < len(answer.arrays) <= _MOST_OUTPUTS:
        raise OptimizerError("the model's process answered with something else than outputs")
    for name, value in answer.arrays.items():
        if value.ndim == 0 or len(value) != rows.count:
            raise BadInputError(
                f"the output {one_line(name)!r} has the shape {list(value.shape)} for {rows.count} rows; dimension 0 "
                "of each output must be the row"
            )
    return answer.arrays
