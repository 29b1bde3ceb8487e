"""Which candidates a recipe means, for a format and for what data there is."""

from __future__ import annotations

from dataclasses import dataclass

from ..config import Freeze, Job, Pruning, Quantization, RecipeKind, Strip
from ..conversion import LiteRtMode
from ..errors import BadInputError, UnsupportedError
from ..signatures.select import OTHER_PATHS
from ..sources import SourceKind


@dataclass(frozen=True)
class LiteRtPlan:
    """One .tflite file to make."""

    name: str
    mode: LiteRtMode
    pruning: Pruning | None = None


@dataclass(frozen=True)
class SavedModelPlan:
    """One SavedModel to make."""

    name: str
    strip: bool
    freeze: bool = False


MODES = {
    "dynamicRange": LiteRtMode.DYNAMIC_RANGE,
    "float16": LiteRtMode.FLOAT16,
    "fullInteger": LiteRtMode.FULL_INTEGER,
}


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
        ladder = [LiteRtMode.FLOAT16, LiteRtMode.FLOAT32]
        return [plan_of(mode) for mode in ([LiteRtMode.DYNAMIC_RANGE, *ladder] if has_data else ladder)]
    pruning = _pruning(job)
    quantizations = [step for step in job.recipe.steps if isinstance(step, Quantization)]
    if len(quantizations) > 1:
        raise BadInputError(
            "the recipe quantizes twice ("
            + ", ".join(step.mode for step in quantizations)
            + "); one quantization at most"
        )
    if not quantizations:
        return [plan_of(LiteRtMode.FLOAT32, pruning)]
    mode = MODES[quantizations[0].mode]
    if mode is LiteRtMode.FULL_INTEGER and not has_data:
        raise BadInputError(
            "fullInteger() needs evaluation data to find the ranges of its numbers; give EvaluationData (labels are "
            "not needed), or use dynamicRange() or float16()"
        )
    return [plan_of(mode, pruning)]


def _pruning(job: Job) -> Pruning | None:
    steps = job.recipe.steps
    found = [(number, step) for number, step in enumerate(steps) if isinstance(step, Pruning)]
    if len(found) > 1:
        raise BadInputError("the recipe prunes twice; give one Pruning.magnitude() with the larger sparsity")
    if any(isinstance(step, Quantization) for step in steps[: found[0][0]]) if found else False:
        raise BadInputError(
            "the recipe prunes after it quantizes, when the weights can no longer be changed; put Pruning.magnitude() "
            "before the quantization"
        )
    return found[0][1] if found else None


def saved_model_plans(job: Job, kind: SourceKind) -> list[SavedModelPlan]:
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
        raise BadInputError(
            "the recipe search() makes LiteRT files; use forServing(), none() or of(Graph.freeze()) for SavedModels"
        )
    quantizations = [step.mode for step in job.recipe.steps if isinstance(step, Quantization)]
    if quantizations:
        raise BadInputError(
            f"{quantizations[0]}() is not offered for SavedModels, where it makes the model slower; use "
            "Graph.strip(), or serve the model with ModelFunction"
        )
    if any(isinstance(step, Pruning) for step in job.recipe.steps):
        raise BadInputError(
            "pruning makes a model smaller only where it travels compressed, as a function's layer does, and faster "
            "nowhere; leave Pruning.magnitude() out, or serve the model with ModelFunction"
        )
    graph = [step for step in job.recipe.steps if isinstance(step, (Strip, Freeze))]
    if len(graph) > 1:
        raise BadInputError(
            f"the recipe has {' and '.join(step.step for step in graph)}, which exclude each other: freezing strips as "
            "well; keep one of them"
        )
    strip = job.recipe.kind is RecipeKind.FOR_SERVING or any(isinstance(step, Strip) for step in graph)
    stripped = SavedModelPlan("strip", strip=True)
    if any(isinstance(step, Freeze) for step in graph):
        # Stripping is what freezing falls back to.
        return [SavedModelPlan("freeze", strip=False, freeze=True), stripped]
    return [stripped if strip else SavedModelPlan("none", strip=False)]


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


def plan_of(mode: LiteRtMode, pruning: Pruning | None = None) -> LiteRtPlan:
    """Return the plan for these steps, under the name that reports give it."""
    name = f"pruned {pruning.sparsity:.0%} + {mode}" if pruning else mode.value
    return LiteRtPlan(name, mode, pruning)
