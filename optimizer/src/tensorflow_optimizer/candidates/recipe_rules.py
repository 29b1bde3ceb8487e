"""Rules of a recipe: which steps combine, in which order, and with which data.

`tests/fixtures/recipe_rules.json` has the rules as a table, which also tests the code that writes jobs.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..documents.job import Distillation, Freeze, ModelFormat, Pruning, Strip
from ..documents.quantization import Quantization
from ..errors import BadInputError
from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..documents.job import Step

#: Order of the steps: each is applied to the result of the steps before it.
_ORDER = {"distillation": 0, "pruning": 1, "quantization": 2, "strip": 3, "freeze": 3}
_LAST = 4
_QUANTIZATIONS = {
    "dynamicRange": ("dynamic-range quantization", Hint.DYNAMIC_RANGE),
    "float16": ("float16 quantization", Hint.FLOAT16),
    "fullInteger": ("full-integer quantization", Hint.FULL_INTEGER),
    "mixed": ("mixed quantization", Hint.MIXED),
    "bfloat16": ("bfloat16", Hint.BFLOAT16),
}


def check_steps(steps: Sequence[Step], model_format: ModelFormat, *, has_data: bool) -> None:
    """Reject steps that do not form one candidate.

    Raises:
        BadInputError: A step is for the other format, excludes another one, lacks its data, or is too early or too
        late.
    """
    for step in steps:
        _check_format(step, model_format)
    _check_repetitions(steps)
    if not has_data:
        for step in steps:
            _check_data(step)
    _check_order(steps)


def no_bfloat16_in_litert() -> BadInputError:
    """Return the error for bfloat16 in a LiteRT model."""
    return BadInputError(
        "bfloat16 is for SavedModels, LiteRT does not compute with it; use float16 quantization for the same size",
        Hint.FLOAT16,
    )


def listed(steps: Sequence[Step]) -> str:
    """Return the names of steps."""
    return ", ".join(_QUANTIZATIONS[step.mode][0] if isinstance(step, Quantization) else step.step for step in steps)


def hints_of(steps: Iterable[Step]) -> Iterable[Hint]:
    """Return the hints for steps, without duplicates."""
    return dict.fromkeys(
        _QUANTIZATIONS[step.mode][1] if isinstance(step, Quantization) else Hint(step.step) for step in steps
    )


def _check_format(step: Step, model_format: ModelFormat) -> None:
    if model_format is ModelFormat.LITERT:
        if _is_bfloat16(step):
            raise no_bfloat16_in_litert()
        if isinstance(step, (Strip, Freeze)):
            raise BadInputError(
                f"{listed([step])} has no effect on a LiteRT model, whose conversion keeps nothing to strip; leave it "
                "out",
                *hints_of([step]),
            )
    elif isinstance(step, Quantization) and not _is_bfloat16(step):
        raise BadInputError(
            f"{listed([step])} is not offered for SavedModels, where it makes the model slower; strip the model "
            "instead, or serve it with LiteRT",
            Hint.STRIP,
            Hint.LITERT,
        )


def _check_repetitions(steps: Sequence[Step]) -> None:
    count = Counter(type(step) for step in steps)
    if count[Quantization] > 1:
        quantizations = [step for step in steps if isinstance(step, Quantization)]
        raise BadInputError(
            f"the recipe quantizes twice ({listed(quantizations)}); one quantization at most", *hints_of(quantizations)
        )
    if count[Distillation] > 1:
        raise BadInputError(
            "the recipe distills twice; give one distillation, with the student to publish", Hint.DISTILLATION
        )
    if count[Pruning] > 1:
        raise BadInputError("the recipe prunes twice; give one pruning, with the larger sparsity", Hint.PRUNING)
    if count[Strip] and any(_is_bfloat16(step) for step in steps):
        raise BadInputError(
            "bfloat16 is baked into a frozen graph, which holds only what serving needs: leave strip out",
            Hint.STRIP,
        )
    graph = [step for step in steps if isinstance(step, (Strip, Freeze))]
    if len(graph) > 1:
        raise BadInputError(
            f"the recipe has {' and '.join(step.step for step in graph)}, which exclude each other: freezing strips as "
            "well; keep one of them",
            *hints_of(graph),
        )


def _check_data(step: Step) -> None:
    if isinstance(step, Quantization) and step.calibrates:
        what = "full-integer quantization" if step.mode == "fullInteger" else "a layer with static_wi8_ai8"
        raise BadInputError(
            f"{what} needs evaluation data to find the ranges of its numbers; give evaluation data "
            "(labels are not needed), or use dynamic-range or float16 quantization",
            Hint.EVALUATION_DATA,
            Hint.DYNAMIC_RANGE,
            Hint.FLOAT16,
        )
    if isinstance(step, Distillation):
        raise BadInputError(
            "distillation needs real inputs to ask the original about; give evaluation data (labels are not needed)",
            Hint.EVALUATION_DATA,
        )


def _check_order(steps: Sequence[Step]) -> None:
    if any(_is_bfloat16(step) for step in steps[:-1]):
        raise BadInputError(
            f"bfloat16 is baked into a frozen graph and comes last (asked: {listed(steps)}); put it behind the other "
            "steps",
            Hint.BFLOAT16,
        )
    ordered = sorted(steps, key=_rank)
    if ordered != list(steps):
        raise BadInputError(
            f"the recipe has {listed(steps)}, and a student is trained first, then pruned, then quantized, since no "
            f"weight can be changed afterwards; use {listed(ordered)}",
            *hints_of(ordered),
        )


def _rank(step: Step) -> int:
    return _LAST if _is_bfloat16(step) else _ORDER[step.step]


def _is_bfloat16(step: Step) -> bool:
    return isinstance(step, Quantization) and step.mode == "bfloat16"
