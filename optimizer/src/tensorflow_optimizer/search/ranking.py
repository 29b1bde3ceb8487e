"""Ranks the candidates that passed, by size or by latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..evaluation import interleaved_latency

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..candidates.candidate import LoadedT, PlanT
    from ..documents.job import Search
    from ..evaluation import Timing
    from ..reference.measure import Reference
    from ..runners import Runner
    from .trial import Trial


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
    times = interleaved_latency(runners, reference.default, reference.datasets[reference.default])
    untimed = [trial for trial in by_size if trial not in timed]
    return [*(timed[number] for number in rank_by_time([times[key] for key in runners])), *untimed]


def rank_by_time(times: Sequence[Timing]) -> list[int]:
    """Return the positions of times of candidates that are sorted by size, the best first."""
    positions: list[int] = []
    left = list(range(len(times)))
    while left:
        fastest = min((times[number] for number in left), key=lambda time: time.median)
        # A candidate that is slower by no more than the noise of both counts as equally fast: the smaller one wins.
        best = next(
            number
            for number in left
            if times[number].median - fastest.median <= max(times[number].noise, fastest.noise)
        )
        positions.append(best)
        left.remove(best)
    return positions
