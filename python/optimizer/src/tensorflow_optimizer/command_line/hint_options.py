"""Translates the hints of errors and warnings into options of `optimize`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..documents.outcome import Outcome

OPTIONS: dict[Hint, str] = {
    Hint.EVALUATION_DATA: "--data FILE",
    Hint.TASKS: "--task NAME=KIND",
    Hint.AGREEMENT_RULE: "a rule minAgreement in job.json, for `run --config`",
    Hint.RELATIVE_ERROR_RULE: "a rule maxRelativeError in job.json, for `run --config`",
    Hint.ERROR_INCREASE_RULE: "--max-error-increase SHARE",
    Hint.INPUT_SHAPES: "--input-shape NAME=1,16000",
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


def option_lines(hints: Iterable[Hint]) -> list[str]:
    """Return one line for each hint, with its option."""
    return [f"{hint.replace('_', ' ')}: {OPTIONS[hint]}" for hint in dict.fromkeys(hints)]


def hints_in(outcome: Outcome) -> list[Hint]:
    """Return the hints of the sentence, of the candidates and of the warnings."""
    of_candidates = [hint for candidate in outcome.candidates for hint in candidate.hints]
    return [*outcome.hints, *of_candidates, *outcome.warning_hints]
