"""The recipe search(): candidates from mild to strong on one part of the data, the best of them once on another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import Freeze, Gate, Pruning, Quantization, RecipeKind, Rule, Strip
from ..conversion import LiteRtMode
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..evaluation import answers_of, interleaved_latency
from ..outcome import CandidateStatus
from .evaluate import record, refusal, with_status
from .litert import ChosenLiteRt, prove_candidate
from .plan import LiteRtPlan, litert_mode, plan_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..config import Job, Search
    from ..outcome import Candidate
    from ..runners import Runner
    from .build_litert import BuiltLiteRt
    from .evaluate import Judge
    from .progress import Progress
    from .reference import Reference

#: From mild to strong.
_MODES = (LiteRtMode.FLOAT32, LiteRtMode.FLOAT16, LiteRtMode.DYNAMIC_RANGE, LiteRtMode.FULL_INTEGER)
_SPARSITIES = (0.5, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class _Trial:
    plan: LiteRtPlan
    built: BuiltLiteRt
    candidate: Candidate


def search_plans(job: Job, search: Search) -> list[LiteRtPlan]:
    """Return the candidates from mild to strong.

    Raises:
        BadInputError: one of the steps to combine is not for LiteRT.
    """
    graph = [step.step for step in job.recipe.steps if isinstance(step, (Strip, Freeze))]
    if graph:
        raise BadInputError(f"search() may combine pruning and quantizations for LiteRT, got {', '.join(graph)}")
    asked = {litert_mode(step) for step in job.recipe.steps if isinstance(step, Quantization)}
    prunings = [step for step in job.recipe.steps if isinstance(step, Pruning)]
    if not job.recipe.steps:
        asked = set(_MODES)
        # Zeros make nothing faster.
        prunings = [] if search.objective == "latency" else [Pruning(sparsity=share) for share in _SPARSITIES]
    modes = [mode for mode in _MODES if mode in asked] or [LiteRtMode.FLOAT32]
    # The file that nothing was done to is what remains when everything else is refused.
    alone = [plan_of(mode) for mode in dict.fromkeys([LiteRtMode.FLOAT32, *modes])]
    strongest = LiteRtMode.DYNAMIC_RANGE if LiteRtMode.DYNAMIC_RANGE in modes else modes[-1]
    ordered = sorted(prunings, key=lambda step: step.sparsity)
    return [*alone, *(plan_of(strongest, step) for step in ordered)]


def with_search_gate(job: Job) -> Job:
    """Return the job with the search's limit as a rule of its gate, unless the gate has one of its own."""
    search = job.recipe.search
    if job.recipe.kind is not RecipeKind.SEARCH or search is None:
        return job
    own = job.gate.rules if job.gate else []
    if any(rule.rule == "maxAccuracyLoss" for rule in own):
        return job
    rule = Rule(rule="maxAccuracyLoss", value=search.max_accuracy_loss)
    return job.model_copy(update={"gate": Gate(rules=[*own, rule], strict=bool(job.gate and job.gate.strict))})


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


def search(  # noqa: PLR0913, PLR0917 - what is tried, how, on what
    job: Job,
    plans: list[LiteRtPlan],
    build: Callable[[LiteRtPlan], BuiltLiteRt],
    selecting: Judge,
    judge: Judge,
    progress: Progress,
) -> ChosenLiteRt:
    """Try the plans, and publish the best that passes on both parts of the data.

    Raises:
        OptimizerError: none passes.
    """
    wanted = job.recipe.search
    if wanted is None:
        raise OptimizerError("the recipe is no search")
    trials = _try(plans, wanted, build, selecting, progress)
    chosen: ChosenLiteRt | None = None
    for one in _ranked(trials, wanted, judge.reference):
        if chosen is not None:
            progress.add(with_status(one.candidate, CandidateStatus.PASSED, _why(chosen.candidate, wanted)))
            continue
        candidate = judge.evaluate(one.plan.name, one.built, list(one.built.signatures))
        if candidate.status is not CandidateStatus.PASSED:
            reason = f"it passed where it was selected, and not on the samples of the gate: {candidate.reason}"
            progress.add(with_status(candidate, candidate.status, reason))
            continue
        proof = prove_candidate(job, one.built, candidate, judge, progress)
        if proof is None:
            continue
        candidate = with_status(candidate, CandidateStatus.CHOSEN)
        progress.add(candidate)
        chosen = ChosenLiteRt(candidate, one.built, proof, judge, one.built.reset_state, unverified=False)
    if chosen is None:
        raise refusal(progress.candidates)
    return chosen


def _try(
    plans: list[LiteRtPlan],
    wanted: Search,
    build: Callable[[LiteRtPlan], BuiltLiteRt],
    selecting: Judge,
    progress: Progress,
) -> list[_Trial]:
    passed: list[_Trial] = []
    weakest_refused: LiteRtPlan | None = None
    for number, plan in enumerate(plans):
        if number >= wanted.max_trials:
            progress.add(record(plan.name, CandidateStatus.SKIPPED, f"maxTrials is {wanted.max_trials}"))
            continue
        if weakest_refused is not None and plan.pruning is not None:
            reason = f"{weakest_refused.name}, which is milder, was refused already"
            progress.add(record(plan.name, CandidateStatus.SKIPPED, reason))
            continue
        try:
            built = build(plan)
        except UnsupportedError as error:
            candidate = record(plan.name, CandidateStatus.FAILED, str(error))
        else:
            candidate = selecting.evaluate(plan.name, built, list(built.signatures))
            if candidate.status is CandidateStatus.PASSED:
                progress.say(f"{plan.name} passed on the samples of the selection")
                passed.append(_Trial(plan, built, candidate))
                continue
        progress.add(candidate)
        weakest_refused = plan if plan.pruning is not None else weakest_refused
    return passed


def _ranked(trials: list[_Trial], wanted: Search, reference: Reference) -> list[_Trial]:
    """Return the trials, the best first."""
    by_size = sorted(trials, key=lambda one: (one.built.compressed_bytes, one.built.size_bytes))
    if wanted.objective == "size" or len(trials) < 2:
        return by_size
    runners: dict[str, Runner] = {one.plan.name: one.built.runner for one in trials}
    times = interleaved_latency(runners, reference.default, reference.datasets[reference.default])
    ranked: list[_Trial] = []
    left = list(by_size)
    while left:
        fastest = min(left, key=lambda one: times[one.plan.name].median)
        limit = times[fastest.plan.name]
        # What is no slower than that beyond the noise of both is as fast, and then the smaller one is better.
        best = next(
            one
            for one in left
            if times[one.plan.name].median - limit.median <= max(times[one.plan.name].noise, limit.noise)
        )
        ranked.append(best)
        left.remove(best)
    return ranked


def _why(chosen: Candidate, wanted: Search) -> str:
    better = "smaller compressed" if wanted.objective == "size" else "faster, or as fast and smaller"
    return f"{chosen.name} passed as well and is {better}"
