"""The recipe search(): candidates from mild to strong on one part of the data, the best of them once on another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..candidates.evaluator import record, refusal, with_status
from ..candidates.parallel import craft_all
from ..documents.outcome import CandidateStatus
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..evaluation import answers_of, interleaved_latency
from ..gate import QUALITY_RULES
from ..processes import progress_events

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..candidates.evaluator import Judge
    from ..documents.job import Search
    from ..documents.outcome import Candidate
    from ..evaluation import Timing
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from .space import Ladders

Chosen = TypeVar("Chosen")

#: A candidate of a smaller model that nothing has to be trained for is made sooner than a process starts.
_SMALL_BYTES = 16 << 20


class Shop(Protocol):
    """Makes candidates of one format."""

    def craft(self, plan: Any, progress: Progress) -> Any:
        """Make one that can be pickled, and has `load()`."""


@dataclass(frozen=True)
class Trial:
    """A candidate that passed where it was selected."""

    plan: Any
    built: Any
    candidate: Candidate


@dataclass(frozen=True)
class Field:
    """What a search needs beside its plans."""

    shop: Shop
    model_bytes: int
    work: Path
    selecting: Judge
    """Measures on the samples of the selection."""
    gate: Judge
    """Measures on those of the gate."""


def on_selection(reference: Reference) -> Reference:
    """Return the same original, measured on the part of the data that candidates are selected on.

    Raises:
        BadInputError: there are too few samples for that.
    """
    selection, name = reference.selection, reference.default
    if not selection.count:
        raise BadInputError(
            "search() selects on one part of the evaluation data and judges on another, and there are too few samples "
            "for both; give more, or use a recipe with the one candidate that you want"
        )
    answers = answers_of(reference.runner, name, selection, reference.batch)
    return replace(
        reference,
        datasets={**reference.datasets, name: selection},
        answers={**reference.answers, name: answers},
    )


def search(
    wanted: Search,
    ladders: Ladders[Any],
    field: Field,
    accept: Callable[[Trial], Chosen | None],
    progress: Progress,
) -> Chosen:
    """Try the ladders, and return the best that passes on both parts of the data.

    Args:
        wanted: What is searched for.
        ladders: What is tried.
        field: What makes and measures it.
        accept: Makes the result of a candidate that passed the gate, and records it; None: it cannot be served.
        progress: Where to tell.

    Raises:
        OptimizerError: none passes.
    """
    chosen: Chosen | None = None
    best: Candidate | None = None
    for one in _ranked(_climb(ladders, wanted, field, progress), wanted, field.gate.reference):
        if best is not None:
            progress.add(with_status(one.candidate, CandidateStatus.PASSED, _why(best, wanted)))
            continue
        candidate = field.gate.evaluate(one.plan.name, one.built, list(one.built.signatures))
        if candidate.status is not CandidateStatus.PASSED:
            reason = f"it passed where it was selected, and not on the samples of the gate: {candidate.reason}"
            progress.add(with_status(candidate, candidate.status, reason))
            continue
        chosen = accept(replace(one, candidate=candidate))
        best = candidate if chosen is not None else None
    if chosen is None:
        raise refusal(progress.candidates)
    return chosen


def _climb(ladders: Ladders[Any], wanted: Search, field: Field, progress: Progress) -> list[Trial]:
    """Try the next rung of every ladder that still carries, together, until none is left."""
    most = min(wanted.max_trials, len(ladders.plans))
    with progress_events.doing("candidates tried, of at most", most) as activity:
        return _climbed(ladders, wanted, field, progress, activity)


def _climbed(
    ladders: Ladders[Any], wanted: Search, field: Field, progress: Progress, activity: progress_events.Activity
) -> list[Trial]:
    left = wanted.max_trials
    tried = 0
    passed: list[Trial] = []
    pending = [_Ladder(ladder) for ladder in ladders.ladders]
    went_on = False
    while True:
        pending = [ladder for ladder in pending if ladder.rungs]
        if not pending and not went_on:
            went_on = True
            student = _strongest_student(passed)
            pending = [_Ladder(ladders.onwards(student))] if student is not None else []
            activity.advance(tried, tried + min(left, sum(len(ladder.rungs) for ladder in pending)))
            pending = [ladder for ladder in pending if ladder.rungs]
        if not pending:
            return passed
        wave, pending_later = pending[:left], pending[left:]
        for ladder in pending_later:
            ladder.skip(f"maxTrials is {wanted.max_trials}", progress)
        left -= len(wave)
        plans = [ladder.rungs.pop(0) for ladder in wave]
        for ladder, plan, made in zip(wave, plans, _made(plans, field, progress), strict=True):
            trial, candidate = _tried(plan, made, field.selecting)
            tried += 1
            activity.advance(tried)
            if trial is not None:
                progress.say(f"{plan.name} passed on the samples of the selection")
                passed.append(trial)
            else:
                progress.add(candidate)
            if not _says_nothing(made):
                ladder.learn(plan.name, candidate, field.selecting, progress)


class _Ladder:
    """The rungs that are left of a ladder."""

    def __init__(self, rungs: list[Any]) -> None:
        self.rungs = list(rungs)
        self.refused: str | None = None
        """The last rung, if it was refused and may have been so by chance."""

    def learn(self, name: str, candidate: Candidate, judge: Judge, progress: Progress) -> None:
        """End here when the refusal is beyond chance, or the second one in a row.

        What is only too large or too slow is no refusal: the rungs that are left are smaller and faster.
        """
        if candidate.metrics is not None and all(one.passed for one in candidate.rules if one.rule in QUALITY_RULES):
            self.refused = None
            return
        if self.refused is not None or _is_clear(candidate, judge):
            self.skip(f"{name}, which is milder, was refused already", progress)
        self.refused = name

    def skip(self, reason: str, progress: Progress) -> None:
        """Try none of the rungs that are left."""
        for plan in self.rungs:
            progress.add(record(plan.name, CandidateStatus.SKIPPED, reason))
        self.rungs.clear()


def _says_nothing(made: Any) -> bool:
    """Say whether making a candidate failed for what may not happen to a smaller one: it ran out of memory, say."""
    return isinstance(made, OptimizerError) and not isinstance(made, UnsupportedError)


def _is_clear(candidate: Candidate, judge: Judge) -> bool:
    """Say whether a stronger candidate would be refused as well: accuracy is lost beyond chance, or nothing works."""
    if candidate.metrics is None:
        return True
    limits = [one.rule.value for one in judge.gate.rules if one.rule.rule == "maxAccuracyLoss"]
    lows = [one.accuracy_loss_interval[0] for one in candidate.metrics.outputs.values() if one.accuracy_loss_interval]
    return bool(limits and lows) and max(lows) > max(limits)


def _made(plans: list[Any], field: Field, progress: Progress) -> list[Any]:
    """Make the candidates: what is trained or large in processes of their own, the rest here."""
    large = field.model_bytes > _SMALL_BYTES
    apart = [number for number, plan in enumerate(plans) if plan.pruning or plan.distillation or large]
    crafted = craft_all(field.shop, [plans[number] for number in apart], field.model_bytes, field.work, progress)
    results = dict(zip(apart, crafted, strict=True))
    return [results[number] if number in results else _here(plan, field, progress) for number, plan in enumerate(plans)]


def _here(plan: Any, field: Field, progress: Progress) -> Any:
    try:
        return field.shop.craft(plan, progress)
    except UnsupportedError as error:
        return error


def _tried(plan: Any, made: Any, judge: Judge) -> tuple[Trial | None, Candidate]:
    if isinstance(made, BadInputError):
        raise made
    if isinstance(made, OptimizerError):
        return None, record(plan.name, CandidateStatus.FAILED, str(made))
    try:
        built = made.load()
    except UnsupportedError as error:
        return None, record(plan.name, CandidateStatus.FAILED, str(error))
    candidate = judge.evaluate(plan.name, built, list(built.signatures))
    if candidate.status is CandidateStatus.PASSED:
        return Trial(plan, built, candidate), candidate
    built.runner.close()
    return None, candidate


def _strongest_student(passed: list[Trial]) -> Any | None:
    students = [one for one in passed if one.plan.distillation is not None]
    return min(students, key=_size).plan if students else None


def _size(one: Trial) -> tuple[int, int, str]:
    return one.built.compressed_bytes, one.built.size_bytes, one.plan.name


def _ranked(trials: list[Trial], wanted: Search, reference: Reference) -> list[Trial]:
    """Return the trials, the best first."""
    by_size = sorted(trials, key=_size)
    if wanted.objective == "size" or len(trials) < 2:
        return by_size
    timed = [one for one in by_size if getattr(one.built, "timed", True)]
    runners: dict[str, Runner] = {str(number): one.built.runner for number, one in enumerate(timed)}
    times = interleaved_latency(runners, reference.default, reference.datasets[reference.default])
    untimed = [one for one in by_size if one not in timed]
    return [*(timed[number] for number in _by_time([times[key] for key in runners])), *untimed]


def _by_time(times: list[Timing]) -> list[int]:
    """Return the places of the times, which are those of candidates by size, the best first."""
    ranked: list[int] = []
    left = list(range(len(times)))
    while left:
        limit = min((times[number] for number in left), key=lambda one: one.median)
        # What is no slower than that beyond the noise of both is as fast, and then the smaller one is better.
        best = next(
            number for number in left if times[number].median - limit.median <= max(times[number].noise, limit.noise)
        )
        ranked.append(best)
        left.remove(best)
    return ranked


def _why(chosen: Candidate, wanted: Search) -> str:
    better = "smaller compressed" if wanted.objective == "size" else "faster, or as fast and smaller"
    return f"{chosen.name} passed as well and is {better}"
