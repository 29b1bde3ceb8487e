"""Which steps of a recipe go together, in which order, and with which data.

`tests/fixtures/recipe_rules.json` has the rules as a table, which the CDK's constructs are tested against too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..documents.job import Distillation, Freeze, ModelFormat, Pruning, Quantization, Strip
from ..errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.job import Step

#: Each step is done to the result of the steps before it.
_ORDER = {"distillation": 0, "pruning": 1, "quantization": 2, "strip": 3, "freeze": 3}
_LAST = 4
_WORDS = {
    "distillation": "Distillation.into(…)",
    "pruning": "Pruning.magnitude(…)",
    "strip": "Graph.strip()",
    "freeze": "Graph.freeze()",
}


def check_steps(steps: Sequence[Step], model_format: ModelFormat, *, has_data: bool) -> None:
    """Refuse steps that do not make one candidate.

    Raises:
        BadInputError: a step is for the other format, excludes another one, lacks the data that it needs, or comes too
            early or too late.
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
        "bfloat16() is for SavedModels, LiteRT does not compute with it; use float16() for the same size"
    )


def listed(steps: Sequence[Step]) -> str:
    """Return the steps as their writer knows them."""
    names = [f"Quantization.{one.mode}()" if isinstance(one, Quantization) else _WORDS[one.step] for one in steps]
    return ", ".join(names)


def _check_format(step: Step, model_format: ModelFormat) -> None:
    if model_format is ModelFormat.LITERT:
        if _is_bfloat16(step):
            raise no_bfloat16_in_litert()
        if isinstance(step, (Strip, Freeze)):
            raise BadInputError(
                f"{listed([step])} has no effect on a LiteRT model, whose conversion keeps nothing to strip; leave it "
                "out"
            )
    elif isinstance(step, Quantization) and not _is_bfloat16(step):
        raise BadInputError(
            f"{step.mode}() is not offered for SavedModels, where it makes the model slower; use "
            "Graph.strip(), or serve the model with ModelFunction"
        )


def _check_repetitions(steps: Sequence[Step]) -> None:
    count = Counter(type(step) for step in steps)
    if count[Quantization] > 1:
        modes = ", ".join(step.mode for step in steps if isinstance(step, Quantization))
        raise BadInputError(f"the recipe quantizes twice ({modes}); one quantization at most")
    if count[Distillation] > 1:
        raise BadInputError("the recipe distills twice; give one Distillation.into(…), with the student to publish")
    if count[Pruning] > 1:
        raise BadInputError("the recipe prunes twice; give one Pruning.magnitude() with the larger sparsity")
    if count[Strip] and any(_is_bfloat16(step) for step in steps):
        raise BadInputError(
            "bfloat16() is baked into a frozen graph, which holds only what serving needs: leave Graph.strip() out"
        )
    graph = [step.step for step in steps if isinstance(step, (Strip, Freeze))]
    if len(graph) > 1:
        raise BadInputError(
            f"the recipe has {' and '.join(graph)}, which exclude each other: freezing strips as well; keep one of them"
        )


def _check_data(step: Step) -> None:
    if isinstance(step, Quantization) and step.mode == "fullInteger":
        raise BadInputError(
            "fullInteger() needs evaluation data to find the ranges of its numbers; give EvaluationData (labels are "
            "not needed), or use dynamicRange() or float16()"
        )
    if isinstance(step, Distillation):
        raise BadInputError(
            "Distillation.into(…) needs real inputs to ask the original about; give EvaluationData (labels are not "
            "needed)"
        )


def _check_order(steps: Sequence[Step]) -> None:
    if any(_is_bfloat16(step) for step in steps[:-1]):
        asked = ", ".join(step.step for step in steps)
        raise BadInputError(
            f"bfloat16() is baked into a frozen graph and comes last (asked: {asked}); put it behind the other steps"
        )
    ordered = sorted(steps, key=_rank)
    if ordered != list(steps):
        raise BadInputError(
            f"the recipe has {listed(steps)}, and a student is trained first, then pruned, then quantized, since no "
            f"weight can be changed afterwards; use {listed(ordered)}"
        )


def _rank(step: Step) -> int:
    return _LAST if _is_bfloat16(step) else _ORDER[step.step]


def _is_bfloat16(step: Step) -> bool:
    return isinstance(step, Quantization) and step.mode == "bfloat16"
