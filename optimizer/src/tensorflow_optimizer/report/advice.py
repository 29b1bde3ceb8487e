"""Advises in every report without labels how to get more evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import ModelFormat, RecipeKind
from ..documents.outcome import EvidenceKind

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..documents.outcome import Outcome

#: Number of samples below which a loss of one point cannot be distinguished from chance.
_ENOUGH_SAMPLES = 500


def advise(job: Job, outcome: Outcome) -> list[str]:
    """Return advice on getting more evidence, or a smaller model."""
    measured = [candidate.metrics for candidate in outcome.candidates if candidate.metrics] or (
        [outcome.original] if outcome.original else []
    )
    if not measured:
        return []
    kinds, samples = {metrics.evidence for metrics in measured}, min(metrics.samples for metrics in measured)
    as_it_is = all(candidate.name == "none" for candidate in outcome.candidates)
    advice = []
    if EvidenceKind.GENERATED in kinds:
        advice.append(
            "No evaluation data was given. The figures come from generated inputs: they prove that the model runs, is "
            "finite and repeatable, and how far its numbers moved; they do not show that it decides as before."
        )
        if job.format is ModelFormat.LITERT and job.recipe.kind is RecipeKind.FOR_LITERT and not as_it_is:
            advice.append(
                "With evaluation data this recipe would also try int8 weights (dynamic range), which on dense "
                "networks is about a quarter of the float32 size and several times as fast, and would hold it to "
                "the decisions of the original."
            )
        advice.append(
            "Give an .npz with one array per input and, better, an array named labels, or a table with a column named "
            f"label; {_ENOUGH_SAMPLES} rows or more."
        )
    elif EvidenceKind.UNLABELLED in kinds:
        advice.append(
            "The evaluation data has no labels, so the candidates were held to the original's answers, right or "
            "wrong. With labels the accuracy itself is measured and gated, and a candidate that corrects the original "
            "is not counted against itself."
        )
    if EvidenceKind.GENERATED not in kinds and samples < _ENOUGH_SAMPLES:
        advice.append(
            f"Only {samples} samples decide. Intervals shrink with the square root of their number: with "
            f"{_ENOUGH_SAMPLES} or more, a loss of one point can be told from chance."
        )
    return advice
