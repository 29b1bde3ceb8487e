"""Measures the teacher's contribution: trains the same student on the same samples with labels alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import OptimizerError
from ..evaluation import accuracy_beside, answers_of
from ..runners import RunError

if TYPE_CHECKING:
    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from .candidate import CandidateBuilder, LoadedT, PlanT


def with_teacher_gain(  # noqa: PLR0913, PLR0917 - a student, and what it is compared with
    candidate: Candidate,
    plan: PlanT,
    student: Runner,
    builder: CandidateBuilder[PlanT, LoadedT],
    reference: Reference,
    progress: Progress,
) -> Candidate:
    """Add to a student's record its gain over one without a teacher; unchanged if that cannot be measured.

    Args:
        candidate: The student's record.
        plan: How the student was built; without a distillation there is nothing to measure.
        student: The loaded student.
        builder: Builds the student without a teacher.
        reference: Samples that neither student was trained on.
        progress: Receives messages and warnings.
    """
    metrics, name = candidate.metrics, reference.default
    labels_only = builder.labels_only() if plan.distillation is not None else None
    dataset = reference.datasets[name]
    if labels_only is None or metrics is None or not dataset.labels:
        return candidate
    progress.say("training the same student without its teacher, to tell what the teacher adds")
    try:
        other = answers_of(labels_only.build(plan, progress).load().runner, name, dataset, reference.batch)
        own = answers_of(student, name, dataset, reference.batch)
    except (OptimizerError, RunError) as error:
        progress.warn(f"what the teacher added is not known: training the student without it failed ({error})")
        return candidate
    outputs = dict(metrics.outputs)
    for output, labels in dataset.labels.items():
        found = accuracy_beside(reference.tasks[name][output], other[output], own[output], labels)
        if found is not None:
            accuracy, loss = found
            low, high = -loss.interval[1], -loss.interval[0]
            gain = {
                "accuracy_without_teacher": accuracy,
                "teacher_gain": -loss.value,
                "teacher_gain_interval": (low, high),
            }
            outputs[output] = outputs[output].model_copy(update=gain)
            progress.say(
                f"the teacher added {-loss.value * 100:+.2f} points at {output!r} (95 %: {low * 100:+.2f} to "
                f"{high * 100:+.2f}) to the {accuracy:.2%} of a student that has labels only"
            )
    return candidate.model_copy(update={"metrics": metrics.model_copy(update={"outputs": outputs})})
