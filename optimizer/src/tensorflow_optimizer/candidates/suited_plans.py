"""Fits plans to the layers of the original, and to a .tflite file, of which only weights can be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..documents.job import Pruning, RecipeKind
from ..documents.quantization import LayerQuantization, Operation, Quantization
from ..errors import UnsupportedError
from ..hints import Hint
from ..signatures.select import FROM_SAVED_MODEL
from .plans import LiteRtPlan, plan_of, quantized_plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.job import Job

#: Dynamic range that leaves depthwise convolutions in float: in integers they are slower than in float.
DEPTHWISE_IN_FLOAT = Quantization(
    mode="mixed",
    operations={
        Operation.ALL_SUPPORTED: LayerQuantization.DYNAMIC_WI8_AFP32,
        Operation.DEPTHWISE_CONV_2D: LayerQuantization.NO_QUANTIZE,
    },
)
#: Layers of `DEPTHWISE_IN_FLOAT` with dense layers of 4 bits, from mild to strong.
DENSE_IN_BLOCKS = [
    DEPTHWISE_IN_FLOAT.model_copy(
        update={"operations": {**(DEPTHWISE_IN_FLOAT.operations or {}), Operation.FULLY_CONNECTED: quantization}}
    )
    for quantization in (LayerQuantization.DYNAMIC_WI4B32_AFP32, LayerQuantization.DYNAMIC_WI4B128_AFP32)
]

#: Plan that publishes the user's .tflite file as it is.
_UNCHANGED = LiteRtPlan("none", LiteRtMode.FLOAT32)


@dataclass(frozen=True)
class OriginalLayers:
    """The layers of the original."""

    operations: frozenset[str]
    """Names of LiteRT's operations, at least those that decide a recipe."""
    tflite: bool = False
    """True for a .tflite file."""
    quantized: bool = False
    """True if a weight is no float of 32 bits."""


def check_tflite_recipe(job: Job) -> None:
    """Refuse to prune a .tflite file.

    Raises:
        UnsupportedError: A step would.
    """
    taught = job.recipe.kind is RecipeKind.STEPS and job.recipe.steps[0].step == "distillation"
    if any(isinstance(step, Pruning) for step in job.recipe.steps) and not taught:
        raise UnsupportedError(
            "the weights of a .tflite file cannot be trained, so that it cannot be pruned; give the SavedModel or the "
            "Keras file that it was made of, or distill it into a student first",
            Hint.PRUNING,
            Hint.DISTILLATION,
        )


def suited_plans(job: Job, plans: Iterable[LiteRtPlan], layers: OriginalLayers) -> list[LiteRtPlan]:
    """Return the plans that can be made of the original, in their order.

    Raises:
        UnsupportedError: The recipe's steps quantize what is quantized already.
    """
    plans = list(plans)
    if job.recipe.kind is RecipeKind.FOR_LITERT and Operation.DEPTHWISE_CONV_2D in layers.operations:
        dynamic = plan_of(LiteRtMode.DYNAMIC_RANGE)
        plans = [quantized_plan(DEPTHWISE_IN_FLOAT) if plan == dynamic else plan for plan in plans]
    if job.recipe.kind is RecipeKind.SEARCH and not job.recipe.steps:
        plans = [fit for plan in plans if (fit := _with_present_layers(plan, layers)) is not None]
    if not layers.tflite:
        return plans
    float32 = plan_of(LiteRtMode.FLOAT32)
    suited = [_UNCHANGED if plan == float32 else plan for plan in plans if plan.distillation or not plan.pruning]
    if not layers.quantized:
        return suited
    # A search distills what is quantized already only where the steps ask for it.
    taught = bool(job.recipe.steps)
    kept = [plan for plan in suited if (taught and plan.distillation) or plan == _UNCHANGED]
    if not kept and job.recipe.kind is RecipeKind.STEPS:
        raise UnsupportedError(
            "the .tflite file is quantized already; give a .tflite file of 32-bit floats, the SavedModel or the Keras "
            f"file that it was made of, use the default recipe for LiteRT, which serves the file unchanged, or "
            f"{FROM_SAVED_MODEL}",
            Hint.RECIPE_LITERT,
            Hint.RECIPE_UNCHANGED,
        )
    return kept


def _with_present_layers(plan: LiteRtPlan, layers: OriginalLayers) -> LiteRtPlan | None:
    """Return a plan of a search that names only layers of the original; None if that leaves dynamic range."""
    if plan.mode is not LiteRtMode.MIXED:
        return plan
    present = {Operation.ALL_SUPPORTED, *layers.operations}
    operations = {operation: quantization for operation, quantization in plan.operations if operation in present}
    named = operations.keys() - {Operation.ALL_SUPPORTED}
    return quantized_plan(Quantization(mode="mixed", operations=operations)) if named else None
