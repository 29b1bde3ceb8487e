"""Turns a recipe into plans of candidates, for a format and the data at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..documents.document import sha256_of
from ..documents.job import Architecture, Distillation, Freeze, Job, Pruning, Quantization, RecipeKind, Strip
from ..errors import BadInputError, UnsupportedError
from ..signatures.select import OTHER_PATHS
from ..sources import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.job import Step

    #: Gives a step its name in reports.
    StepName = Callable[[Pruning | Distillation], str]


@dataclass(frozen=True)
class LiteRtPlan:
    """One .tflite file to make."""

    name: str
    mode: LiteRtMode
    pruning: Pruning | None = None
    distillation: Distillation | None = None


@dataclass(frozen=True)
class SavedModelPlan:
    """One SavedModel to make."""

    name: str
    strip: bool
    freeze: bool = False
    bfloat16: bool = False
    """Baked into the frozen model."""
    pruning: Pruning | None = None
    distillation: Distillation | None = None


def litert_plans(job: Job, *, has_data: bool) -> list[LiteRtPlan]:
    """Return the candidates in the order in which they are tried; the first that passes is published.

    Raises:
        BadInputError: the recipe does not fit the format, or needs data that is not there.
    """
    kind = job.recipe.kind
    if kind is RecipeKind.FOR_SERVING:
        raise BadInputError("the recipe forServing() makes SavedModels; use forLambda(), none() or of(…) for LiteRT")
    if kind is RecipeKind.NONE:
        return [plan_of(LiteRtMode.FLOAT32)]
    if kind is RecipeKind.FOR_LAMBDA:
        # Without data nothing can show that int8 decides alike; float16 and float32 can be judged by their numbers.
        modes = [LiteRtMode.FLOAT16, LiteRtMode.FLOAT32]
        return [plan_of(mode) for mode in ([LiteRtMode.DYNAMIC_RANGE, *modes] if has_data else modes)]
    distillation, pruning = _trained(job.recipe.steps, has_data=has_data)
    quantizations = [step for step in job.recipe.steps if isinstance(step, Quantization)]
    if len(quantizations) > 1:
        raise BadInputError(
            "the recipe quantizes twice ("
            + ", ".join(step.mode for step in quantizations)
            + "); one quantization at most"
        )
    if not quantizations:
        return [plan_of(LiteRtMode.FLOAT32, pruning, distillation)]
    mode = litert_mode(quantizations[0])
    if mode is LiteRtMode.FULL_INTEGER and not has_data:
        raise BadInputError(
            "fullInteger() needs evaluation data to find the ranges of its numbers; give EvaluationData (labels are "
            "not needed), or use dynamicRange() or float16()"
        )
    return [plan_of(mode, pruning, distillation)]


#: What is done first, so that what comes later is done to its result.
_ORDER = {"distillation": 0, "pruning": 1, "quantization": 2, "strip": 3, "freeze": 3}
_WORDS = {
    "distillation": "Distillation.into(…)",
    "pruning": "Pruning.magnitude(…)",
    "strip": "Graph.strip()",
    "freeze": "Graph.freeze()",
}


def _trained(steps: Sequence[Step], *, has_data: bool) -> tuple[Distillation | None, Pruning | None]:
    """Return the steps that change what the model has learned.

    Raises:
        BadInputError: they are repeated, in another order than the legal one, or lack the data that they need.
    """
    distillations = [step for step in steps if isinstance(step, Distillation)]
    prunings = [step for step in steps if isinstance(step, Pruning)]
    if len(distillations) > 1:
        raise BadInputError("the recipe distills twice; give one Distillation.into(…), with the student to publish")
    if len(prunings) > 1:
        raise BadInputError("the recipe prunes twice; give one Pruning.magnitude() with the larger sparsity")
    ordered = sorted(steps, key=lambda step: _ORDER[step.step])
    if ordered != list(steps):
        raise BadInputError(
            f"the recipe has {listed(steps)}, and a student is trained first, then pruned, then quantized, since no "
            f"weight can be changed afterwards; use {listed(ordered)}"
        )
    if distillations and not has_data:
        raise BadInputError(
            "Distillation.into(…) needs real inputs to ask the original about; give EvaluationData (labels are not "
            "needed)"
        )
    return next(iter(distillations), None), next(iter(prunings), None)


def listed(steps: Sequence[Step]) -> str:
    """Return the steps as their writer knows them."""
    names = [f"Quantization.{one.mode}()" if isinstance(one, Quantization) else _WORDS[one.step] for one in steps]
    return ", ".join(names)


def saved_model_plans(job: Job, kind: SourceKind, *, has_data: bool) -> list[SavedModelPlan]:
    """Return the SavedModels that the recipe means; the first that passes is published.

    Raises:
        BadInputError: the recipe is for LiteRT.
        UnsupportedError: the source is a .tflite file.
    """
    if kind is SourceKind.TFLITE:
        raise UnsupportedError(
            "a .tflite file cannot become a SavedModel, which TensorFlow Serving needs; give the SavedModel or the "
            "Keras file that it was made of, or serve it with ModelFunction"
        )
    if job.recipe.kind is RecipeKind.FOR_LAMBDA:
        raise BadInputError(
            "the recipe forLambda() makes LiteRT files; use forServing(), none() or of(…) for SavedModels"
        )
    if job.recipe.kind is RecipeKind.SEARCH:
        return []  # search/space.py has them
    quantizations = [step.mode for step in job.recipe.steps if isinstance(step, Quantization)]
    if quantizations == ["bfloat16"]:
        return [_bfloat16_plan(job, has_data=has_data)]
    if quantizations:
        raise BadInputError(
            f"{quantizations[0]}() is not offered for SavedModels, where it makes the model slower; use "
            "Graph.strip(), or serve the model with ModelFunction"
        )
    graph = [step for step in job.recipe.steps if isinstance(step, (Strip, Freeze))]
    if len(graph) > 1:
        raise BadInputError(
            f"the recipe has {' and '.join(step.step for step in graph)}, which exclude each other: freezing strips as "
            "well; keep one of them"
        )
    distillation, pruning = _trained(job.recipe.steps, has_data=has_data)
    # A trained model is saved again in any case: then without what serving does not need.
    strip = job.recipe.kind is RecipeKind.FOR_SERVING or bool(graph or distillation or pruning)
    stripped = saved_model_plan(strip=strip, pruning=pruning, distillation=distillation)
    if any(isinstance(step, Freeze) for step in graph):
        # Stripping is what freezing falls back to.
        return [saved_model_plan(freeze=True, pruning=pruning, distillation=distillation), stripped]
    return [stripped]


def _bfloat16_plan(job: Job, *, has_data: bool) -> SavedModelPlan:
    steps = [step.step for step in job.recipe.steps]
    if steps[-1] != "quantization":
        raise BadInputError(
            f"bfloat16() is baked into a frozen graph and comes last (asked: {', '.join(steps)}); put it behind the "
            "other steps"
        )
    if "strip" in steps:
        raise BadInputError(
            "bfloat16() is baked into a frozen graph, which holds only what serving needs: leave Graph.strip() out"
        )
    if job.architecture is not Architecture.X86_64:
        raise no_bfloat16(job.architecture)
    # bfloat16 is the one quantization that comes after freezing, so that its place was looked at above.
    earlier = [step for step in job.recipe.steps if not isinstance(step, Quantization)]
    distillation, pruning = _trained(earlier, has_data=has_data)
    return saved_model_plan(freeze=True, bfloat16=True, pruning=pruning, distillation=distillation)


def no_bfloat16(architecture: Architecture) -> UnsupportedError:
    """Return the error for a processor that nothing serves bfloat16 on."""
    return UnsupportedError(
        f"bfloat16() is for x86_64, got {architecture}: there is no TensorFlow Serving for other processors"
    )


def litert_mode(step: Quantization) -> LiteRtMode:
    """Return how LiteRT stores weights that a step quantizes.

    Raises:
        BadInputError: the step is for SavedModels.
    """
    if step.mode == "bfloat16":
        raise BadInputError(
            "bfloat16() is for SavedModels, LiteRT does not compute with it; use float16() for the same size"
        )
    return LiteRtMode(step.mode)


def tflite_plans(job: Job) -> list[LiteRtPlan]:
    """Return the one candidate of a .tflite source: the file as it is.

    Raises:
        UnsupportedError: the recipe asks for more.
    """
    if job.recipe.kind in (RecipeKind.STEPS, RecipeKind.SEARCH):
        steps = ", ".join(step.step for step in job.recipe.steps) or job.recipe.kind
        raise UnsupportedError(
            f"a .tflite file is served as it is, its weights can no longer be changed (asked: {steps}); give the "
            f"SavedModel or the Keras file that it was made of, use forLambda() or none(), or {OTHER_PATHS} from a "
            "SavedModel"
        )
    if job.recipe.kind is RecipeKind.FOR_SERVING:
        raise BadInputError("the recipe forServing() makes SavedModels; use forLambda() or none() for a .tflite file")
    return [LiteRtPlan("none", LiteRtMode.FLOAT32)]


def plan_of(
    mode: LiteRtMode,
    pruning: Pruning | None = None,
    distillation: Distillation | None = None,
    called: StepName | None = None,
) -> LiteRtPlan:
    """Return the plan for these steps, under the name that reports give it."""
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
    """Return the plan for these steps, under the name that reports give it."""
    last = "bfloat16" if bfloat16 else "freeze" if freeze else "strip" if strip else "none"
    name = _name(last, pruning, distillation, called)
    return SavedModelPlan(name, strip and not freeze, freeze, bfloat16, pruning, distillation)


def short_name(step: Pruning | Distillation) -> str:
    """Return what reports call a step where nothing has to be told apart."""
    if isinstance(step, Distillation):
        return f"distilled {step.student.name}".rstrip()
    return f"pruned {step.sparsity:.0%}"


def key_of(plan: LiteRtPlan | SavedModelPlan) -> str:
    """Return a name for a directory that only equal plans share."""
    # The text of a data class, and of the documents in it, has every field.
    return sha256_of(repr(plan).encode())[:16]


def _name(last: str, pruning: Pruning | None, distillation: Distillation | None, called: StepName | None = None) -> str:
    steps = [step for step in (distillation, pruning) if step is not None]
    return " + ".join([*map(called or short_name, steps), last])
