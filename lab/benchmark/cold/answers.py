"""Checks the subjects' answers: plain TensorFlow's are the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stand_in_runtime_api import Function

from benchmark.cold.starts import client_command, client_environment
from benchmark.cold.subjects import EMPTY_ANSWERS, PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.cold.layout import Layout
    from benchmark.cold.subjects import Subject

TOLERANCE = 0.05
"""Allowed difference of two probabilities: a build's gate allows a quantized model to differ, but not in the digit."""


def check_answers(compared: Sequence[Subject], layout: Layout, images: list[Any]) -> list[list[float]]:
    """Ask each subject for all images, and return plain TensorFlow's answers.

    Raises:
        RuntimeError: A subject gives another answer.
    """
    answers = {subject.name: _ask(subject, layout, images) for subject in compared}
    reference = [scores_of(PLAIN, answer) for answer in answers[PLAIN]]
    for name, given in answers.items():
        for expected, answer in zip(reference, given, strict=True):
            check(name, answer, expected)
    return reference


def check(name: str, answer: Any, expected: list[float]) -> None:
    """Compare an answer with plain TensorFlow's probabilities.

    Raises:
        RuntimeError: They differ.
    """
    if name in EMPTY_ANSWERS:
        if answer != {"prediction": None}:
            raise RuntimeError(f"{name} must answer that it predicts nothing, got {answer}")
        return
    scores = scores_of(name, answer)
    apart = max(abs(score - other) for score, other in zip(scores, expected, strict=True))
    if _digit(scores) != _digit(expected) or apart > TOLERANCE:
        raise RuntimeError(f"{name} answers {scores}, {PLAIN} {expected}: at most {TOLERANCE} apart is allowed")


def scores_of(name: str, answer: Any) -> list[float]:
    """Return the probabilities of one image.

    Raises:
        RuntimeError: The answer has another form.
    """
    match answer:
        case {"prediction": [[*scores]]} if len(scores) == 10:
            return [float(score) for score in scores]
    raise RuntimeError(f"{name} must answer ten probabilities, got {answer}")


def _ask(subject: Subject, layout: Layout, images: list[Any]) -> list[Any]:
    with Function(client_command(subject, layout), client_environment(subject)) as function:
        return [function.invoke({"data": image}).value for image in images]


def _digit(scores: list[float]) -> int:
    return scores.index(max(scores))
