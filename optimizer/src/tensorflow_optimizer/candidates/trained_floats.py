"""Compares a candidate that was trained for its quantization with the same model in floats, trained equally long.

Training on further samples may make any model better: what quantization still costs shows in this comparison alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..errors import OptimizerError
from ..evaluation import accuracy_beside, answers_of
from ..runners import RunError
from .plans import LiteRtPlan, Measure

if TYPE_CHECKING:
    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from .candidate import CandidateBuilder, LoadedT, PlanT


def with_trained_floats(  # noqa: PLR0913, PLR0917 - a candidate, and what it is compared with
    candidate: Candidate,
    plan: PlanT,
    trained: Runner,
    builder: CandidateBuilder[PlanT, LoadedT],
    reference: Reference,
    progress: Progress,
) -> Candidate:
    """Add the comparison to a candidate's record; unchanged if it was not trained so, or there are no labels.

    Args:
        candidate: The candidate's record.
        plan: How it was built.
        trained: The loaded candidate.
        builder: Builds the same in floats.
        reference: Samples that neither was trained on.
        progress: Receives messages and warnings.
    """
    name, metrics = reference.default, candidate.metrics
    dataset = reference.datasets[name]
    if (
        not isinstance(plan, LiteRtPlan)
        or plan.measure is not Measure.TRAINING
        or metrics is None
        or not dataset.labels
    ):
        return candidate
    floats = replace(plan, name=f"{plan.name}, in floats", mode=LiteRtMode.FLOAT32)
    try:
        other = answers_of(builder.build(floats, progress).load().runner, name, dataset, reference.batch)
        own = answers_of(trained, name, dataset, reference.batch)
    except (OptimizerError, RunError) as error:
        progress.warn(
            f"what the quantization still costs is not known: training the floats equally long failed ({error})"
        )
        return candidate
    outputs = dict(metrics.outputs)
    for output, labels in dataset.labels.items():
        found = accuracy_beside(reference.tasks[name][output], other[output], own[output], labels)
        if found is not None:
            accuracy, loss = found
            update = {"accuracy_of_trained_floats": accuracy, "loss_to_trained_floats": loss}
            outputs[output] = outputs[output].model_copy(update=update)
            low, high = loss.interval
            progress.say(
                f"floats that were trained equally long reach {accuracy:.2%} at {output!r}: {loss.value * 100:+.2f} "
                f"points more (95 %: {low * 100:+.2f} to {high * 100:+.2f})"
            )
    return candidate.model_copy(update={"metrics": metrics.model_copy(update={"outputs": outputs})})
