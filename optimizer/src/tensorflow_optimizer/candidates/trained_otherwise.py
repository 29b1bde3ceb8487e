"""Compares a candidate with the same one trained otherwise: a student without its teacher, or floats as long."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..conversion import LiteRtMode
from ..errors import OptimizerError
from ..evaluation import accuracy_beside, answers_of
from ..runners import RunError
from .parallel import build
from .plans import LiteRtPlan, Measure

if TYPE_CHECKING:
    from ..documents.outcome import Candidate, Loss
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from .candidate import CandidateArtifact, CandidateBuilder, LoadedT, PlanT
    from .trial import Trial


def with_teacher_gain(
    trial: Trial[PlanT, LoadedT],
    builder: CandidateBuilder[PlanT, LoadedT],
    reference: Reference,
    progress: Progress,
) -> Candidate:
    """Add to a student's record its gain over one without a teacher; unchanged if that cannot be measured.

    Args:
        trial: The student; without a distillation there is nothing to measure.
        builder: Builds the student without a teacher.
        reference: Samples that neither student was trained on.
        progress: Receives messages and warnings.
    """
    labels_only = builder.labels_only() if trial.plan.distillation is not None else None
    if labels_only is None or not _is_measured(trial, reference):
        return trial.candidate
    progress.say("training the same student without its teacher, to tell what the teacher adds")
    try:
        found = _accuracies(trial, build(labels_only, trial.plan, progress), reference)
    except (OptimizerError, RunError) as error:
        progress.warn(f"what the teacher added is not known: training the student without it failed ({error})")
        return trial.candidate
    figures = {}
    for output, (accuracy, loss) in found.items():
        low, high = -loss.interval[1], -loss.interval[0]
        figures[output] = {
            "accuracy_without_teacher": accuracy,
            "teacher_gain": -loss.value,
            "teacher_gain_interval": (low, high),
        }
        progress.say(
            f"the teacher added {-loss.value * 100:+.2f} points at {output!r} (95 %: {low * 100:+.2f} to "
            f"{high * 100:+.2f}) to the {accuracy:.2%} of a student that has labels only"
        )
    return _with_figures(trial.candidate, figures)


def with_trained_floats(
    trial: Trial[PlanT, LoadedT],
    builder: CandidateBuilder[PlanT, LoadedT],
    reference: Reference,
    progress: Progress,
) -> Candidate:
    """Add to the record of a candidate that was trained for its quantization what it loses to trained floats.

    Training on further samples may make any model better: what quantization still costs shows in this comparison
    alone. The record is unchanged if that cannot be measured.

    Args:
        trial: The candidate.
        builder: Builds the same in floats.
        reference: Samples that neither was trained on.
        progress: Receives messages and warnings.
    """
    plan = trial.plan
    if not isinstance(plan, LiteRtPlan) or plan.measure is not Measure.TRAINING or not _is_measured(trial, reference):
        return trial.candidate
    floats = replace(plan, name=f"{plan.name}, in floats", mode=LiteRtMode.FLOAT32)
    try:
        found = _accuracies(trial, build(builder, floats, progress), reference)
    except (OptimizerError, RunError) as error:
        progress.warn(
            f"what the quantization still costs is not known: training the floats equally long failed ({error})"
        )
        return trial.candidate
    for output, (accuracy, loss) in found.items():
        low, high = loss.interval
        progress.say(
            f"floats that were trained equally long reach {accuracy:.2%} at {output!r}: {loss.value * 100:+.2f} "
            f"points more (95 %: {low * 100:+.2f} to {high * 100:+.2f})"
        )
    return _with_figures(
        trial.candidate,
        {
            output: {"accuracy_of_trained_floats": accuracy, "loss_to_trained_floats": loss}
            for output, (accuracy, loss) in found.items()
        },
    )


def _is_measured(trial: Trial[PlanT, LoadedT], reference: Reference) -> bool:
    return trial.candidate.metrics is not None and bool(reference.datasets[reference.default].labels)


def _accuracies(
    trial: Trial[PlanT, LoadedT], other: CandidateArtifact[LoadedT], reference: Reference
) -> dict[str, tuple[float, Loss]]:
    """Return the other's accuracy at each output that labels can judge, and what the candidate loses against it."""
    name = reference.default
    dataset = reference.datasets[name]
    runner = other.load().runner
    others, own = (answers_of(asked, name, dataset, reference.batch) for asked in (runner, trial.loaded.runner))
    runner.close()
    compared = {
        output: accuracy_beside(reference.tasks[name][output], others[output], own[output], labels)
        for output, labels in dataset.labels.items()
    }
    return {output: found for output, found in compared.items() if found is not None}


def _with_figures(candidate: Candidate, figures: dict[str, dict[str, Any]]) -> Candidate:
    metrics = candidate.metrics
    if metrics is None:
        return candidate
    updated = {output: metrics.outputs[output].model_copy(update=found) for output, found in figures.items()}
    return candidate.model_copy(update={"metrics": metrics.model_copy(update={"outputs": metrics.outputs | updated})})
