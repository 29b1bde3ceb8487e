"""Ranks the candidates that passed: by size, by latency, or by what they lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..evaluation import comparable, is_slower, measured_twice
from ..gate import passed_by_chance

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..candidates.candidate import LoadedT, PlanT
    from ..candidates.trial import Trial
    from ..documents.job import Search
    from ..documents.outcome import Candidate, OutputMetrics
    from ..evaluation import Timing
    from ..gate import GatePlan
    from ..reference.measure import Reference
    from ..runners import Runner


class Ranking(Protocol):
    """Says which of the candidates that passed is the best."""

    @property
    def most(self) -> int:
        """Most candidates to try."""

    def ranked(self, trials: Sequence[Trial[PlanT, LoadedT]]) -> list[Trial[PlanT, LoadedT]]:
        """Return the trials, the best first."""

    def why_not(self, other: Candidate, best: Candidate) -> str:
        """Say why the best is published, and not another that passed as well."""


@dataclass(frozen=True)
class ByObjective:
    """The ranking of a search."""

    settings: Search
    reference: Reference

    @property
    def most(self) -> int:
        """Most candidates to try."""
        return self.settings.max_trials

    def ranked(self, trials: Sequence[Trial[PlanT, LoadedT]]) -> list[Trial[PlanT, LoadedT]]:
        """Return the trials, the best first."""
        best = ranked(trials, self.settings, self.reference)
        return sorted(best, key=lambda trial: passed_by_chance(trial.candidate.rules))

    def why_not(self, other: Candidate, best: Candidate) -> str:
        """Say why the best is published, and not another that passed as well."""
        if passed_by_chance(other.rules):
            return lost_more(best)
        better = "smaller compressed" if self.settings.objective == "size" else "faster, or as fast and smaller"
        return f"{best.name} passed as well and is {better}"


@dataclass(frozen=True)
class ByQuality:
    """The ranking of candidates that differ only in how exact they are."""

    gate: GatePlan
    outputs: Collection[str]
    """Outputs of the default signature; others answered generated inputs, which says nothing about quality."""
    most: int
    """Most candidates to try."""

    def ranked(self, trials: Sequence[Trial[PlanT, LoadedT]]) -> list[Trial[PlanT, LoadedT]]:
        """Return the trials, the best first; of equals the one that was tried first."""
        return sorted(trials, key=lambda trial: self._lost(trial.candidate))

    def why_not(self, other: Candidate, best: Candidate) -> str:
        """Say why the best is published, and not another that passed as well."""
        own, least = (self._lost(candidate)[0] for candidate in (other, best))
        if own == least:
            return f"{best.name} passed as well and lost no more: {least:.2%}"
        return f"{best.name} passed as well and lost less: {least:.2%} instead of {own:.2%}"

    def _lost(self, candidate: Candidate) -> tuple[float, float]:
        """Return the greatest loss of the outputs, and their greatest distance from the original's numbers."""
        measured = candidate.metrics.outputs if candidate.metrics else {}
        outputs = [measured[name] for name in self.outputs if name in measured]
        asked = [planned.rule.metric.key for planned in self.gate.rules if planned.rule.metric is not None]
        return (
            max((_loss_of(output, asked) for output in outputs), default=0.0),
            max((output.relative_error or 0.0 for output in outputs), default=0.0),
        )


def lost_more(best: Candidate) -> str:
    """Say why a candidate that lost more than allowed, which may be chance, is not published."""
    return f"{best.name} passed as well and kept the limits, and what this one lost beyond them may be chance"


def _loss_of(output: OutputMetrics, asked: Sequence[str]) -> float:
    """Return what an output lost: of the metrics that the gate asks for, or of the first that is known."""
    losses = [output.losses[key].value for key in asked if key in output.losses]
    if losses:
        return max(losses)
    disagreement = None if output.agreement is None else 1 - output.agreement
    known = (output.accuracy_loss, output.error_increase, disagreement, output.relative_error)
    return next((value for value in known if value is not None), 0.0)


def size_key(trial: Trial[PlanT, LoadedT]) -> tuple[int, int, str]:
    """Return the sort key of a trial by size, compressed first."""
    return trial.loaded.compressed_bytes, trial.loaded.size_bytes, trial.plan.name


def ranked(
    trials: Sequence[Trial[PlanT, LoadedT]], settings: Search, reference: Reference
) -> list[Trial[PlanT, LoadedT]]:
    """Return the trials, the best first."""
    by_size = sorted(trials, key=size_key)
    if settings.objective == "size" or len(trials) < 2:
        return by_size
    timed = [trial for trial in by_size if trial.loaded.timed]
    runners: dict[str, Runner] = {str(number): trial.loaded.runner for number, trial in enumerate(timed)}
    measured = measured_twice(runners, reference.default, reference.datasets[reference.default])
    times = [comparable([found[key] for key in runners]) for found in measured]
    untimed = [trial for trial in by_size if trial not in timed]
    return [*(timed[number] for number in rank_by_time(times)), *untimed]


def rank_by_time(measurements: Sequence[Sequence[Timing]]) -> list[int]:
    """Return the positions of candidates that are sorted by size, the best first.

    Args:
        measurements: The times of all candidates, in each measurement.
    """
    positions: list[int] = []
    left = list(range(len(measurements[0])))
    while left:
        fastest = min(left, key=lambda number: sum(times[number].median for times in measurements))
        # What is not slower in every measurement counts as equally fast: the smaller one wins.
        best = next(
            number for number in left if not all(is_slower(times[number], times[fastest]) for times in measurements)
        )
        positions.append(best)
        left.remove(best)
    return positions
