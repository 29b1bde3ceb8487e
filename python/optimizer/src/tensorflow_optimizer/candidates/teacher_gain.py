"""What the teacher added: the same student, trained on the same samples by their labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..errors import OptimizerError
from ..evaluation import answers_of, gain
from ..runners import RunError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from .evaluator import Built, Judge


class Shop(Protocol):
    """Makes candidates of one format."""

    def without_teacher(self) -> Shop | None:
        """Return what makes the same candidates from the labels alone; None where these are not enough."""

    def build(self, plan: Any, progress: Progress) -> Built:
        """Make a candidate, and load it."""


def taught(  # noqa: PLR0913, PLR0917 - a student, and what it is compared with
    candidate: Candidate, plan: Any, built: Built, shop: Shop, judge: Judge, progress: Progress
) -> Candidate:
    """Return a student's record with what its teacher added, where that can be known."""
    other = shop.without_teacher()
    untaught = (lambda: other.build(plan, progress).runner) if other else None
    return _with_gain(candidate, built.runner, untaught, judge.reference, progress)


def _with_gain(
    candidate: Candidate,
    runner: Runner,
    untaught: Callable[[], Runner] | None,
    reference: Reference,
    progress: Progress,
) -> Candidate:
    """Return the record of a student with its advantage over one that had no teacher, where that can be known.

    Args:
        candidate: The student's record.
        runner: The student.
        untaught: Trains and loads the other one; None: there are no labels to train it with.
        reference: The samples that both are asked, which neither has learned from.
        progress: Where to tell.
    """
    metrics, name = candidate.metrics, reference.default
    dataset = reference.datasets[name]
    if untaught is None or metrics is None or not dataset.labels:
        return candidate
    progress.say("training the same student without its teacher, to tell what the teacher adds")
    try:
        other = answers_of(untaught(), name, dataset, reference.batch)
        own = answers_of(runner, name, dataset, reference.batch)
    except (OptimizerError, RunError) as error:
        progress.warn(f"what the teacher added is not known: training the student without it failed ({error})")
        return candidate
    outputs = dict(metrics.outputs)
    for output, labels in dataset.labels.items():
        found = gain(reference.tasks[name][output], other[output], own[output], labels)
        if found is not None:
            outputs[output] = outputs[output].model_copy(update=found)
            low, high = found["teacher_gain_interval"]
            progress.say(
                f"the teacher added {found['teacher_gain'] * 100:+.2f} points at {output!r} (95 %: {low * 100:+.2f} to "
                f"{high * 100:+.2f}) to the {found['accuracy_without_teacher']:.2%} of a student that has labels only"
            )
    return candidate.model_copy(update={"metrics": metrics.model_copy(update={"outputs": outputs})})
