"""Translates the optimizer's error hints into terms of the CDK. outcome.schema.json lists the hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import in_one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

WORDS: dict[str, str] = {
    "evaluation_data": "evaluation: EvaluationData.fromAsset(…)",
    "tasks": "tasks: { output: ModelTask.… }",
    "class_names": "labels or labelsFile",
    "agreement_rule": "QualityGate.minAgreement(…)",
    "relative_error_rule": "QualityGate.maxRelativeError(…)",
    "error_increase_rule": "QualityGate.maxErrorIncrease(…)",
    "serving_rule": "QualityGate.notWorseThanServing(…)",
    "image_input": "imageInput: ImageInput.…",
    "input_shapes": "inputShapes of the ModelSource",
    "signature": "signatureName of the ModelSource",
    "state_reset": "stateful: StatefulBehavior.RESET_PER_REQUEST of the ModelSource",
    "tags": "tags of the ModelSource",
    "allowed_operations": "allowedOperations of the ModelSource",
    "recipe_litert": "OptimizationRecipe.forLiteRt()",
    "recipe_serving": "OptimizationRecipe.forServing()",
    "recipe_unchanged": "OptimizationRecipe.none()",
    "recipe_steps": "OptimizationRecipe.of(…)",
    "search_limit": "maxTrials of OptimizationRecipe.search(…)",
    "distillation": "Distillation.into(…)",
    "pruning": "Pruning.magnitude(…)",
    "dynamic_range": "Quantization.dynamicRange()",
    "float16": "Quantization.float16()",
    "full_integer": "Quantization.fullInteger()",
    "mixed": "Quantization.mixed(…)",
    "bfloat16": "Quantization.bfloat16()",
    "strip": "Graph.strip()",
    "freeze": "Graph.freeze()",
    "student": "Student.fromAsset(…)",
    "litert": "ModelFunction",
    "tensorflow_serving": "ModelService or ModelFleet",
    "server_image": "ServingImage.fromEcrRepository(…)",
    "server_program": "ServingBinary.fromBucket(…) or ServingBinary.fromAsset(…)",
    "litert_server": "server: ModelServer.LITERT",
    "registry_credentials": "buildEnvironment",
    "machine_size": "computeType",
    "machine_image": "buildImage",
}


def hint_lines(hints: Iterable[str]) -> list[str]:
    """Return one line with the text of all hints; empty if there are none.

    A hint of a newer optimizer that is unknown here is shown by its name.
    """
    said = [
        # The property may have the hint's name.
        f"{name}: {WORDS[hint].removeprefix(f'{name}: ')}" if hint in WORDS else name
        for hint, name in {hint: in_one_line(str(hint).replace("_", " ")) for hint in hints}.items()
    ]
    return [f"In the CDK: {'; '.join(said)}"] if said else []
