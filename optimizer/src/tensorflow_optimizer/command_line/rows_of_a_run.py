"""Says how many rows of a model the native program computes at once, by running a .tflite file in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..data import generated_inputs
from ..documents.draft import LITERT_FILE
from ..documents.manifest import Batch, ModelDescription, Runtime, RunTimes
from ..errors import OptimizerError
from ..report.run_text import run_text
from ..runners import RunError
from ..sources import TfliteSource

if TYPE_CHECKING:
    from .opened_model import OpenedModel

#: Integers may index a table of any size.
_INTEGERS = 1


def rows_of_a_run(model: OpenedModel) -> str:
    """Return a sentence about the rows that one run of the default signature computes, or why it is one."""
    if not isinstance(model.source, TfliteSource):
        return "measured by `optimize`, which converts the model"
    try:
        return run_text(*_measured(model))
    except (OptimizerError, RunError) as error:
        return f"not measured: {error}"


def _measured(model: OpenedModel) -> tuple[Batch | None, RunTimes | None]:
    from ..proof.batches import with_batches
    from ..proof.choose_runtime import litert_library
    from ..proof.native_program import PROGRAM_VARIABLE, executable, find_program

    program = find_program()
    if program is None:
        raise RunError(f"the native program was not found; {PROGRAM_VARIABLE} can name it")
    name, (content, signatures) = model.default, model.fixed()
    description = ModelDescription(
        model="inspected", version=1, runtime=Runtime.NATIVE, default_signature=name, signatures=signatures
    )
    rows = generated_inputs(model.specs[name], None, batched=signatures[name].batched, seed=0, integers=_INTEGERS)
    with tempfile.TemporaryDirectory(prefix="inspect-") as directory, executable(program) as copy:
        place = Path(directory)
        (place / LITERT_FILE).write_bytes(content)
        (place / "model.json").write_text(description.to_json(), encoding="utf-8")
        described, runs = with_batches(copy, place, litert_library(), description, {name: rows})
    return described[name].batch, runs.get(name)
