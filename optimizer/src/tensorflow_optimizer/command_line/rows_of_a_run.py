"""Says how many rows of a model the native program computes at once, by running a .tflite file in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..data import generated_inputs
from ..errors import OptimizerError, RunError
from ..proof.batches import with_batches
from ..proof.choose_runtime import describe_model, litert_library
from ..proof.native_program import PROGRAM_VARIABLE, RefusedError, find_program, native_program
from ..report.run_text import run_text

if TYPE_CHECKING:
    from ..documents.manifest import Batch, RunTimes
    from ..sources import TfliteSource
    from .opened_model import OpenedModel

#: Integers may index a table of any size.
_INTEGERS = 1


def rows_of_a_run(model: OpenedModel, source: TfliteSource) -> str:
    """Return a sentence about the rows that one run of the default signature computes, or why it is one."""
    try:
        return run_text(*_measured(model, source))
    except (OptimizerError, RunError, RefusedError) as error:
        return f"not measured: {error}"


def _measured(model: OpenedModel, source: TfliteSource) -> tuple[Batch | None, RunTimes | None]:
    program = find_program()
    if program is None:
        raise RunError(f"the native program was not found; {PROGRAM_VARIABLE} can name it")
    name, fixed = model.default, model.load_fixed(source)
    content, signatures = fixed.content, fixed.signatures
    fixed.close()
    description = describe_model("inspected", signatures)
    rows = generated_inputs(model.specs[name], None, batched=signatures[name].batched, seed=0, integers=_INTEGERS)
    with native_program(model.sandbox, program, litert_library(), content, description) as native:
        described, runs = with_batches(native, description, {name: rows})
    return described[name].batch, runs.get(name)
