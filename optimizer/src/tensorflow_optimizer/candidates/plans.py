"""Turns a recipe into plans of candidates, for a format and the data at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..documents.document import sha256_of
from ..documents.job import Architecture, Distillation, Freeze, Job, Pruning, RecipeKind, Strip
from ..documents.quantization import LayerQuantization, Operation, Quantization, QuantizationRecovery
from ..errors import BadInputError, UnsupportedError
from ..hints import Hint
from ..sources import SourceKind
from .recipe_rules import check_steps, no_bfloat16_in_litert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.job import Step

    #: Gives a step its name in reports.
    StepName = Callable[[Pruning | Distillation], str]


class Measure(StrEnum):
    """A measure against what full-integer quantization loses."""

    EQUALIZATION = "equalized"
    BIAS_CORRECTION = "bias-corrected"
    """Correction of biases, after equalization where a layer can be equalized."""
    TRAINING = "trained"
    """Training with the rounding of the quantization simulated, after equalization."""


_MEASURES = {
    QuantizationRecovery.WITHOUT_TRAINING: (Measure.EQUALIZATION, Measure.BIAS_CORRECTION),
    QuantizationRecovery.WITH_TRAINING: (Measure.EQUALIZATION, Measure.BIAS_CORRECTION, Measure.TRAINING),
}


@dataclass(frozen=True)
class LiteRtPlan:
    """A .tflite file to build."""

    name: str
    mode: LiteRtMode
    pruning: Pruning | None = None
    distillation: Distillation | None = None
    operations: tuple[tuple[Operation, LayerQuantization], ...] = ()
    """Quantization of each kind of operation, in the mode `MIXED`."""
    measure: Measure | None = None
    """Measure against the loss of quantization, in the mode `FULL_INTEGER`."""

    @property
    def trains(self) -> bool:
        """Say whether it learns from a part of the data."""
        return bool(self.pruning or self.distillation or self.measure is Measure.TRAINING)

    @property
    def calibrates(self) -> bool:
        """Say whether real inputs must tell the ranges of activations."""
        static = LayerQuantization.STATIC_WI8_AI8 in dict(self.operations).values()
        return self.mode is LiteRtMode.FULL_INTEGER or static


@dataclass(frozen=True)
class SavedModelPlan:
    """A SavedModel to build."""

    name: str
    strip: bool
    freeze: bool = False
    bfloat16: bool = False
    """Baked into the frozen model."""
    pruning: Pruning | None = None
    distillation: Distillation | None = None

    @property
    def trains(self) -> bool:
        """Say whether it learns from a part of the data."""
        return bool(self.pruning or self.distillation)


def litert_plans(job: Job, *, has_data: bool) -> list[LiteRtPlan]:
    """Return the candidates in the order in which they are tried.

    The first that passes is published, or the best, if the recipe recovers what quantization loses.

    Raises:
        BadInputError: The recipe does not fit the format, or needs missing data.
    """
    kind = job.recipe.kind
    if kind is RecipeKind.FOR_SERVING:
        raise BadInputError(
            "the default recipe for TensorFlow Serving makes SavedModels; for LiteRT use its own default recipe, one "
            "that changes nothing, or one of given steps",
            Hint.RECIPE_LITERT,
            Hint.RECIPE_UNCHANGED,
            Hint.RECIPE_STEPS,
        )
    if kind is RecipeKind.NONE:
        return [plan_of(LiteRtMode.FLOAT32)]
    if kind is RecipeKind.FOR_LITERT:
        # Without data, int8 decisions cannot be verified; float16 and float32 can be judged by their numbers.
        modes = [LiteRtMode.FLOAT16, LiteRtMode.FLOAT32]
        return [plan_of(mode) for mode in ([LiteRtMode.DYNAMIC_RANGE, *modes] if has_data else modes)]
    check_steps(job.recipe.steps, job.format, has_data=has_data)
    distillation, pruning = _trained(job.recipe.steps)
    quantization = next((step for step in job.recipe.steps if isinstance(step, Quantization)), None)
    plan = quantized_plan(quantization, pruning, distillation)
    measures = _MEASURES[quantization.recover] if quantization is not None and quantization.recover else ()
    return [plan, *(replace(plan, name=f"{plan.name} {measure}", measure=measure) for measure in measures)]


def _trained(steps: Sequence[Step]) -> tuple[Distillation | None, Pruning | None]:
    """Return the steps that change what the model has learned."""
    distillation = next((step for step in steps if isinstance(step, Distillation)), None)
    return distillation, next((step for step in steps if isinstance(step, Pruning)), None)


def saved_model_plans(job: Job, kind: SourceKind, *, has_data: bool) -> list[SavedModelPlan]:
    """Return the SavedModels of a recipe; the first that passes is published.

    Raises:
        BadInputError: The recipe is for LiteRT.
        UnsupportedError: The source is a .tflite file.
    """
    if kind is SourceKind.TFLITE:
        raise UnsupportedError(
            "a .tflite file cannot become a SavedModel, which TensorFlow Serving needs; give the SavedModel or the "
            "Keras file that it was made of, or serve it with LiteRT",
            Hint.LITERT,
        )
    if job.recipe.kind is RecipeKind.FOR_LITERT:
        raise BadInputError(
            "the default recipe for LiteRT makes LiteRT files; for SavedModels use the default recipe for TensorFlow "
            "Serving, one that changes nothing, or one of given steps",
            Hint.RECIPE_SERVING,
            Hint.RECIPE_UNCHANGED,
            Hint.RECIPE_STEPS,
        )
    if job.recipe.kind is RecipeKind.SEARCH:
        return []  # search/space.py has them
    check_steps(job.recipe.steps, job.format, has_data=has_data)
    if any(isinstance(step, Quantization) for step in job.recipe.steps):
        return [_bfloat16_plan(job)]
    graph = [step for step in job.recipe.steps if isinstance(step, (Strip, Freeze))]
    distillation, pruning = _trained(job.recipe.steps)
    # A trained model is saved again anyway, so leave out what serving does not need.
    strip = job.recipe.kind is RecipeKind.FOR_SERVING or bool(graph or distillation or pruning)
    stripped = saved_model_plan(strip=strip, pruning=pruning, distillation=distillation)
    if any(isinstance(step, Freeze) for step in graph):
        # Stripping is the fallback of freezing.
        return [saved_model_plan(freeze=True, pruning=pruning, distillation=distillation), stripped]
    return [stripped]


def saved_model_fallback(job: Job, plan: SavedModelPlan) -> SavedModelPlan | None:
    """Return the plan that changes nothing, where `plan` only strips and no step of the recipe is to strip."""
    asked = any(isinstance(step, Strip) for step in job.recipe.steps)
    return saved_model_plan() if plan == saved_model_plan(strip=True) and not asked else None


def _bfloat16_plan(job: Job) -> SavedModelPlan:
    if job.architecture is not Architecture.X86_64:
        raise no_bfloat16(job.architecture)
    distillation, pruning = _trained(job.recipe.steps)
    return saved_model_plan(freeze=True, bfloat16=True, pruning=pruning, distillation=distillation)


def no_bfloat16(architecture: Architecture) -> UnsupportedError:
    """Return the error for an architecture that cannot serve bfloat16."""
    return UnsupportedError(
        f"bfloat16 is for x86_64, got {architecture}: there is no TensorFlow Serving for other processors",
        Hint.BFLOAT16,
    )


def litert_mode(step: Quantization) -> LiteRtMode:
    """Return how LiteRT stores weights that a step quantizes.

    Raises:
        BadInputError: the step is for SavedModels.
    """
    if step.mode == "bfloat16":
        raise no_bfloat16_in_litert()
    return LiteRtMode(step.mode)


def quantized_plan(
    step: Quantization | None,
    pruning: Pruning | None = None,
    distillation: Distillation | None = None,
    called: StepName | None = None,
) -> LiteRtPlan:
    """Return the plan for a quantization, or for none, and the steps before it."""
    if step is None:
        return plan_of(LiteRtMode.FLOAT32, pruning, distillation, called)
    mode = litert_mode(step)
    if step.operations is None:
        return plan_of(mode, pruning, distillation, called)
    operations = tuple(sorted(step.operations.items()))
    last = f"mixed:{','.join(f'{operation}={quantization}' for operation, quantization in operations)}"
    return LiteRtPlan(_name(last, pruning, distillation, called), mode, pruning, distillation, operations)


def plan_of(
    mode: LiteRtMode,
    pruning: Pruning | None = None,
    distillation: Distillation | None = None,
    called: StepName | None = None,
) -> LiteRtPlan:
    """Return the plan for these steps, with its name in reports."""
    return LiteRtPlan(_name(mode.value, pruning, distillation, called), mode, pruning, distillation)


def saved_model_plan(  # noqa: PLR0913 - whatever may be done, and how it is called
    *,
    strip: bool = False,
    freeze: bool = False,
    bfloat16: bool = False,
    pruning: Pruning | None = None,
    distillation: Distillation | None = None,
    called: StepName | None = None,
) -> SavedModelPlan:
    """Return the plan for these steps, with its name in reports."""
    last = "bfloat16" if bfloat16 else "freeze" if freeze else "strip" if strip else "none"
    name = _name(last, pruning, distillation, called)
    return SavedModelPlan(name, strip and not freeze, freeze, bfloat16, pruning, distillation)


def short_name(step: Pruning | Distillation) -> str:
    """Return a step's short name in reports."""
    if isinstance(step, Distillation):
        return f"distilled {step.student.name}".rstrip()
    return f"pruned {step.sparsity:.0%}"


def key_of(*made_of: object) -> str:
    """Return a name for a directory that only what is made of the same shares: of plans, paths and names."""
    # The repr of a data class, and of the documents in it, contains every field.
    return sha256_of(repr(made_of).encode())[:16]


def _name(last: str, pruning: Pruning | None, distillation: Distillation | None, called: StepName | None = None) -> str:
    steps = [step for step in (distillation, pruning) if step is not None]
    return " + ".join([*map(called or short_name, steps), last])
