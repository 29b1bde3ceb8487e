"""The recipe of a search: tries candidates from mild to strong on one split, and the best of them once on another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from ..candidates.candidate import LoadedT, PlanT
from ..candidates.evaluator import failure, refusal, with_status
from ..candidates.parallel import build_all
from ..candidates.trial import Trial
from ..documents.outcome import CandidateStatus
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..evaluation import answers_of
from ..gate import passed_by_chance
from ..hints import Hint
from ..processes import progress_events
from ..reference.given import given_answers
from .branch import Branch
from .ranking import lost_more, size_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..candidates.candidate import CandidateArtifact, CandidateBuilder
    from ..candidates.evaluator import CandidateEvaluator
    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from .ranking import Ranking
    from .space import SearchSpace

Chosen = TypeVar("Chosen")


@dataclass(frozen=True)
class SearchContext(Generic[PlanT, LoadedT]):
    """Builds and measures candidates, of which the best is published."""

    builder: CandidateBuilder[PlanT, LoadedT]
    model_bytes: int
    selection: CandidateEvaluator
    """Measures on the selection split."""
    gate: CandidateEvaluator
    """Measures on the gate's split."""


def on_selection(reference: Reference) -> Reference:
    """Return the same original, measured on the selection split.

    Raises:
        BadInputError: the split has no samples.
    """
    selection, name = reference.selection, reference.default
    if not selection.count:
        raise BadInputError(
            "the best candidate is selected on one part of the evaluation data and judged on another, and there are "
            "too few samples for both; give more, or use a recipe with the one candidate that you want",
            Hint.EVALUATION_DATA,
            Hint.RECIPE_STEPS,
        )
    answers = answers_of(reference.runner, name, selection, reference.batch)
    if selection.answers:
        answers = given_answers(selection, answers)
    return replace(
        reference,
        datasets={**reference.datasets, name: selection},
        answers={**reference.answers, name: answers},
    )


def run_search(
    ranking: Ranking,
    space: SearchSpace[PlanT],
    context: SearchContext[PlanT, LoadedT],
    accept: Callable[[Trial[PlanT, LoadedT]], Chosen | None],
    progress: Progress,
) -> Chosen:
    """Explore the space, and return the best candidate that passes on both splits.

    Args:
        ranking: Says which of those that pass is the best, and how many are tried.
        space: The candidates to try.
        context: Builds and measures them.
        accept: Returns the result for a candidate that passed the gate, and records it; None: it cannot be served.
        progress: Gets records, messages and warnings.

    Raises:
        OptimizerError: no candidate passes.
    """
    chosen: Chosen | None = None
    best: Candidate | None = None
    passed = _explore(space, ranking, context, progress)
    doubtful: list[Trial[PlanT, LoadedT]] = []
    for trial in ranking.ranked(passed):
        if best is not None:
            reason = ranking.why_not(trial.candidate, best)
            progress.add(with_status(trial.candidate, CandidateStatus.PASSED, reason))
            continue
        candidate = context.gate.evaluate(trial.plan.name, trial.loaded)
        if candidate.status is not CandidateStatus.PASSED:
            reason = f"it passed where it was selected, and not on the samples of the gate: {candidate.reason}"
            progress.add(with_status(candidate, candidate.status, reason))
            continue
        if passed_by_chance(candidate.rules):
            doubtful.append(replace(trial, candidate=candidate))
            continue
        chosen = accept(replace(trial, candidate=candidate))
        best = trial.candidate if chosen is not None else None
    for trial in doubtful:
        if best is not None:
            progress.add(with_status(trial.candidate, CandidateStatus.PASSED, lost_more(best)))
            continue
        chosen = accept(trial)
        best = trial.candidate if chosen is not None else None
    if chosen is None:
        raise refusal(progress.candidates)
    return chosen


def _explore(
    space: SearchSpace[PlanT], ranking: Ranking, context: SearchContext[PlanT, LoadedT], progress: Progress
) -> list[Trial[PlanT, LoadedT]]:
    """Try the next candidate of every open branch, in parallel, until no branch is left; return those that passed."""
    at_most = min(ranking.most, len(space.plans))
    left = ranking.most
    tried = 0
    passed: list[Trial[PlanT, LoadedT]] = []
    branches = [Branch(plans) for plans in space.branches]
    refined = False
    with progress_events.doing("candidates tried, of at most", at_most) as activity:
        while True:
            branches = [branch for branch in branches if branch.plans]
            if not branches and not refined:
                refined = True
                student = _smallest_student(passed)
                branches = [Branch(space.refinements(student))] if student is not None else []
                activity.advance(tried, tried + min(left, sum(len(branch.plans) for branch in branches)))
                branches = [branch for branch in branches if branch.plans]
            if not branches:
                return passed
            batch, beyond_limit = branches[:left], branches[left:]
            for branch in beyond_limit:
                branch.skip(f"the search tries at most {ranking.most} candidates", progress, Hint.SEARCH_LIMIT)
            left -= len(batch)
            plans = [branch.plans.pop(0) for branch in batch]
            made = build_all(context.builder, plans, context.model_bytes, progress)
            for branch, plan, built in zip(batch, plans, made, strict=True):
                trial, candidate = _measure(plan, built, context.selection)
                tried += 1
                activity.advance(tried)
                if trial is not None:
                    progress.say(f"{plan.name} passed on the samples of the selection")
                    passed.append(trial)
                else:
                    progress.add(candidate)
                if not _is_resource_failure(built):
                    branch.update(plan.name, candidate, context.selection, progress)


def _is_resource_failure(built: object) -> bool:
    """Say whether a build failed for a reason that may not hold for a smaller candidate, such as a lack of memory."""
    return isinstance(built, OptimizerError) and not isinstance(built, UnsupportedError)


def _measure(
    plan: PlanT, built: CandidateArtifact[LoadedT] | OptimizerError, evaluator: CandidateEvaluator
) -> tuple[Trial[PlanT, LoadedT] | None, Candidate]:
    if isinstance(built, BadInputError):
        raise built
    if isinstance(built, OptimizerError):
        return None, failure(plan.name, built)
    try:
        loaded = built.load()
    except UnsupportedError as error:
        return None, failure(plan.name, error)
    candidate = evaluator.evaluate(plan.name, loaded)
    if candidate.status is CandidateStatus.PASSED:
        return Trial(plan, loaded, candidate), candidate
    loaded.runner.close()
    return None, candidate


def _smallest_student(passed: list[Trial[PlanT, LoadedT]]) -> PlanT | None:
    students = [trial for trial in passed if trial.plan.distillation is not None]
    return min(students, key=size_key).plan if students else None
