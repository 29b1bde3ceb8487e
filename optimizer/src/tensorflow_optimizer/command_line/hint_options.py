"""Translates the hints of errors and warnings into options of `optimize`, or into members of job.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..documents.outcome import Outcome

OPTIONS: dict[Hint, str] = {
    Hint.EVALUATION_DATA: "--data FILE",
    Hint.TASKS: "--task NAME=KIND",
    Hint.CLASS_NAMES: "--labels FILE",
    Hint.AGREEMENT_RULE: "a rule minAgreement in job.json, for `run --config`",
    Hint.RELATIVE_ERROR_RULE: "a rule maxRelativeError in job.json, for `run --config`",
    Hint.ERROR_INCREASE_RULE: "--max-error-increase SHARE",
    Hint.SERVING_RULE: "--not-worse-than-serving METRIC=MARGIN",
    Hint.IMAGE_INPUT: "--image PREPROCESSING:input=NAME",
    Hint.INPUT_SHAPES: "--input-shape NAME=-1,16000, where -1 is the batch",
    Hint.SIGNATURE: "--signature NAME",
    Hint.STATE_RESET: "--stateful reset_per_request",
    Hint.TAGS: "--tag NAME",
    Hint.RECIPE_LITERT: "--format litert, without --step",
    Hint.RECIPE_SERVING: "--format saved_model, without --step",
    Hint.RECIPE_UNCHANGED: "the recipe none in job.json, for `run --config`",
    Hint.RECIPE_STEPS: "--step STEP, once for each",
    Hint.SEARCH_LIMIT: "--max-trials COUNT",
    Hint.DISTILLATION: "--step distillation:size=small",
    Hint.PRUNING: "--step pruning:sparsity=0.8",
    Hint.DYNAMIC_RANGE: "--step dynamic-range",
    Hint.FLOAT16: "--step float16",
    Hint.FULL_INTEGER: "--step full-integer",
    Hint.MIXED: "--step mixed:OPERATION=QUANTIZATION,...",
    Hint.BFLOAT16: "--step bfloat16",
    Hint.STRIP: "--step strip",
    Hint.FREEZE: "--step freeze",
    Hint.STUDENT: "--student MODEL with --step distillation",
    Hint.LITERT: "--format litert",
    Hint.TENSORFLOW_SERVING: "--format saved_model",
    Hint.SERVER_IMAGE: "--server-image IMAGE",
    Hint.SERVER_PROGRAM: "no --server-image",
    Hint.REGISTRY_CREDENTIALS: "environment variables of this command",
    Hint.MACHINE_SIZE: "a machine with more memory and disk space",
    Hint.MACHINE_IMAGE: "another machine to run this command on",
}

#: For the commands that read a job.json: `fetch`, `run` and `publish`.
JOB_MEMBERS: dict[Hint, str] = {
    Hint.EVALUATION_DATA: "evaluation in job.json, and --evaluation of `run`",
    Hint.TASKS: "tasks in job.json",
    Hint.CLASS_NAMES: "labels in job.json",
    Hint.AGREEMENT_RULE: "the rule minAgreement of gate in job.json",
    Hint.RELATIVE_ERROR_RULE: "the rule maxRelativeError of gate in job.json",
    Hint.ERROR_INCREASE_RULE: "the rule maxErrorIncrease of gate in job.json",
    Hint.SERVING_RULE: "the rule notWorseThanServing of gate in job.json",
    Hint.IMAGE_INPUT: "image in job.json",
    Hint.INPUT_SHAPES: "inputShapes of source in job.json",
    Hint.SIGNATURE: "signatureName of source in job.json",
    Hint.STATE_RESET: "stateful of source in job.json: reset_per_request",
    Hint.TAGS: "tags of source in job.json",
    Hint.RECIPE_LITERT: "kind of recipe in job.json: forLiteRt",
    Hint.RECIPE_SERVING: "kind of recipe in job.json: forServing",
    Hint.RECIPE_UNCHANGED: "kind of recipe in job.json: none",
    Hint.RECIPE_STEPS: "kind of recipe in job.json: steps, with its steps",
    Hint.SEARCH_LIMIT: "maxTrials of the recipe's search in job.json",
    Hint.DISTILLATION: "the step distillation of recipe in job.json",
    Hint.PRUNING: "the step pruning of recipe in job.json",
    Hint.DYNAMIC_RANGE: "the step quantization of recipe in job.json, mode dynamicRange",
    Hint.FLOAT16: "the step quantization of recipe in job.json, mode float16",
    Hint.FULL_INTEGER: "the step quantization of recipe in job.json, mode fullInteger",
    Hint.MIXED: "the step quantization of recipe in job.json, mode mixed",
    Hint.BFLOAT16: "the step quantization of recipe in job.json, mode bfloat16",
    Hint.STRIP: "the step strip of recipe in job.json",
    Hint.FREEZE: "the step freeze of recipe in job.json",
    Hint.STUDENT: "given of the distillation's student in job.json, and --student of `run`",
    Hint.LITERT: "format in job.json: litert",
    Hint.TENSORFLOW_SERVING: "format in job.json: saved_model",
    Hint.SERVER_IMAGE: "server in job.json, with its image",
    Hint.SERVER_PROGRAM: "no server in job.json",
    Hint.REGISTRY_CREDENTIALS: OPTIONS[Hint.REGISTRY_CREDENTIALS],
    Hint.MACHINE_SIZE: OPTIONS[Hint.MACHINE_SIZE],
    Hint.MACHINE_IMAGE: OPTIONS[Hint.MACHINE_IMAGE],
}

#: For the commands that only look at a model: what has no option there is one of `optimize`.
INSPECT_OPTIONS: dict[Hint, str] = {
    hint: f"{text} of `optimize`" if text.startswith("--") else text for hint, text in OPTIONS.items()
} | {Hint.TAGS: "--tag NAME of `inspect` and `optimize`"}

COMPARE_OPTIONS: dict[Hint, str] = INSPECT_OPTIONS | {Hint.CLASS_NAMES: "--labels FILE of `compare` and `optimize`"}


def option_lines(hints: Iterable[Hint], words: Mapping[Hint, str] = OPTIONS) -> list[str]:
    """Return one line for each hint, with its option."""
    return [f"{hint.replace('_', ' ')}: {words[hint]}" for hint in dict.fromkeys(hints)]


def hints_in(outcome: Outcome) -> list[Hint]:
    """Return the hints of the sentence, of the candidates and of the warnings."""
    of_candidates = [hint for candidate in outcome.candidates for hint in candidate.hints]
    return [*outcome.hints, *of_candidates, *outcome.warning_hints]
