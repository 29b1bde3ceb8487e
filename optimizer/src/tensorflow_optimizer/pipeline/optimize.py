"""Builds, measures and judges candidates until one can be published, in any format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..candidates.evaluator import CandidateEvaluator, failure, record, refusal, with_status
from ..candidates.parallel import build
from ..candidates.trained_otherwise import with_teacher_gain, with_trained_floats
from ..candidates.trial import Trial
from ..documents.job import ModelFormat, RecipeKind
from ..documents.outcome import CandidateStatus, EvidenceKind, Split
from ..errors import UnsupportedError
from ..gate import check_measurable, passed_by_chance, plan_gate
from ..hints import Hint
from ..reference.check_conversion import check_conversion
from ..reference.measure import measure_original
from ..reference.serving import open_serving
from ..search.ranking import ByObjective, ByQuality, lost_more
from ..search.requirements import check_has_data, with_search_gate
from ..search.run_search import SearchContext, on_selection, run_search
from ..search.space import SearchSpace, without_training
from ..training.given_students import open_students
from ..training.trainer import Trainer
from ..training.training_data import make_training_data
from .litert_format import LiteRtFormat
from .saved_model_format import SavedModelFormat

if TYPE_CHECKING:
    from pathlib import Path

    from ..candidates.candidate import CandidateBuilder, LoadedT, PlanT
    from ..documents.job import Job
    from ..documents.outcome import Candidate
    from ..gate import GatePlan
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..sandbox import Sandbox
    from ..search.ranking import Ranking
    from ..sources import OpenedSource
    from .inputs import Inputs
    from .target_format import ChosenCandidate, TargetFormat


def optimize(  # noqa: PLR0913, PLR0917 - what is optimized, of what, and where
    job: Job, source: OpenedSource, inputs: Inputs, sandbox: Sandbox, work: Path, progress: Progress
) -> ChosenCandidate:
    """Return the candidate to publish.

    Raises:
        OptimizerError: there is none.
    """
    if job.format is ModelFormat.LITERT:
        return _optimize(LiteRtFormat(job, source, sandbox, work, progress), inputs)
    return _optimize(SavedModelFormat(job, source, sandbox, work, progress), inputs)


def _optimize(target: TargetFormat[PlanT, LoadedT], inputs: Inputs) -> ChosenCandidate:
    job, progress, sandbox, work = target.job, target.progress, target.sandbox, target.work
    search, has_data = job.recipe.search, inputs.evaluation is not None
    check_has_data(job, has_data=has_data)
    plans = target.plans(has_data=has_data)
    space = target.search_space(search) if search is not None else None
    subject = target.open_original()
    plans = target.suited(plans)
    if space is not None:
        space = target.restrict(space)
        plans = space.plans
    spec = subject.signatures[subject.default].spec
    students = open_students(sandbox, job, inputs.students, spec, work)
    reference = measure_original(
        sandbox,
        job,
        inputs.evaluation,
        subject,
        progress,
        calibrate=target.needs_calibration(plans),
        train=has_data and any(plan.trains for plan in plans),
        select=search is not None or job.recipe.recovers,
    )
    job = with_search_gate(job, reference)
    if space is not None:
        space = without_training(job, space, reference, progress)
        plans = space.plans
    gate = _gate(job, reference, progress, as_it_is=[plan.name for plan in plans] == ["none"])
    check_conversion(reference, gate, progress)
    training_data = make_training_data(reference, [plan.distillation for plan in plans if plan.distillation], progress)
    allowed = job.source.allowed_operations
    trainer = Trainer(sandbox, target.source, spec, training_data, students, work, job.seed, allowed)
    builder = target.builder(trainer, reference)
    serving = None
    if inputs.serving and gate.serving_metrics:
        serving = open_serving(sandbox, inputs.serving, work, job.labels)
    evaluator = CandidateEvaluator(reference, gate, target.baseline(builder), serving=serving)
    ranking: Ranking
    if search is not None and space is not None:
        ranking = ByObjective(search, reference)
    elif job.recipe.recovers:
        space = SearchSpace([[plan] for plan in plans], lambda _: [])
        ranking = ByQuality(gate, reference.tasks[reference.default], len(plans))
    else:
        return _first_that_passes(target, plans, builder, evaluator)
    selection = replace(evaluator, reference=on_selection(reference), split=Split.SELECTION)
    context = SearchContext(builder, subject.size_bytes, selection, evaluator)
    return run_search(ranking, space, context, lambda trial: _accept_found(target, trial, builder, evaluator), progress)


def _gate(job: Job, reference: Reference, progress: Progress, *, as_it_is: bool) -> GatePlan:
    tasks = reference.tasks[reference.default]
    measured = {name: output.scores for name, output in reference.metrics.outputs.items()}
    check_measurable(job.gate, tasks, reference.labelled, reference.evidence, measured)
    if reference.evidence is EvidenceKind.GENERATED and job.recipe.kind is RecipeKind.FOR_LITERT and not as_it_is:
        progress.warn(
            "no evaluation data: the candidates are judged by their numbers on generated inputs alone; with evaluation "
            "data the job also tries dynamic-range quantization, about four times smaller than float32 and often "
            "faster, and proves that it decides like the original",
            Hint.EVALUATION_DATA,
        )
    imbalanced = reference.imbalanced
    plan = plan_gate(
        job,
        tasks,
        reference.labelled,
        reference.evidence,
        reference.float_outputs,
        reference.other_outputs,
        imbalanced=imbalanced.keys(),
        measured=measured,
    )
    for name, text in imbalanced.items():
        by_default = any(rule.outputs and name in rule.outputs for rule in plan.rules)
        progress.say(f"output {name!r}: {text}{', so that the gate is on balanced accuracy' if by_default else ''}")
    return plan


def _first_that_passes(
    target: TargetFormat[PlanT, LoadedT],
    plans: list[PlanT],
    builder: CandidateBuilder[PlanT, LoadedT],
    evaluator: CandidateEvaluator,
) -> ChosenCandidate:
    """Try the plans in their order; the first that passes and can be served is chosen.

    One that passes only because what it lost may be chance is chosen where no later one passes otherwise.
    """
    progress, reference = target.progress, evaluator.reference
    unsupported: list[UnsupportedError] = []
    left, tried = list(plans), []
    doubtful: list[Trial[PlanT, LoadedT]] = []
    while left:
        plan = left.pop(0)
        tried.append(plan)
        try:
            loaded = build(builder, plan, progress).load()
            target.check(plan, loaded, reference)
        except UnsupportedError as error:
            unsupported.append(error)
            progress.add(failure(plan.name, error))
            left = target.after_failure(plan, error, left)
            continue
        candidate = evaluator.evaluate(plan.name, loaded)
        if candidate.status is CandidateStatus.PASSED and left and _must_not_be_slower(target.job):
            candidate = evaluator.without_slower(candidate, loaded)
        candidate = with_teacher_gain(Trial(plan, loaded, candidate), builder, reference, progress)
        if candidate.status is not CandidateStatus.PASSED:
            loaded.runner.close()
            progress.add(candidate)
            continue
        if passed_by_chance(candidate.rules):
            doubtful.append(Trial(plan, loaded, candidate))
            continue
        chosen = _first_served(target, [Trial(plan, loaded, candidate)], evaluator)
        if chosen is None:
            continue
        for trial in doubtful:
            progress.add(with_status(trial.candidate, CandidateStatus.PASSED, lost_more(candidate)))
        for later in left:
            progress.add(record(later.name, CandidateStatus.SKIPPED, f"{plan.name} passed before it was its turn"))
        return chosen
    chosen = _first_served(target, doubtful, evaluator)
    if chosen is None:
        raise target.none_supported(unsupported, tried) or refusal(progress.candidates)
    return chosen


def _first_served(
    target: TargetFormat[PlanT, LoadedT], trials: list[Trial[PlanT, LoadedT]], evaluator: CandidateEvaluator
) -> ChosenCandidate | None:
    """Return the first of candidates that passed which can be served."""
    progress = target.progress
    for number, trial in enumerate(trials):
        chosen = target.accept(trial, evaluator)
        if chosen is not None:
            for later in trials[number + 1 :]:
                reason = f"{trial.plan.name} passed as well, before it was its turn"
                progress.add(with_status(later.candidate, CandidateStatus.PASSED, reason))
            return _recorded(chosen, trial.candidate, progress)
    return None


def _must_not_be_slower(job: Job) -> bool:
    """Say whether a candidate that is slower than float32 needs to be asked for: by the default recipe."""
    asked = any(rule.rule == "maxLatencyRatio" for rule in job.gate.rules) if job.gate else False
    return job.recipe.kind is RecipeKind.FOR_LITERT and not asked


def _accept_found(
    target: TargetFormat[PlanT, LoadedT],
    trial: Trial[PlanT, LoadedT],
    builder: CandidateBuilder[PlanT, LoadedT],
    evaluator: CandidateEvaluator,
) -> ChosenCandidate | None:
    """Return the best candidate of a search as one to publish; None, with its record added: it may not be published."""
    progress, reference = target.progress, evaluator.reference
    try:
        target.check(trial.plan, trial.loaded, reference)
    except UnsupportedError as error:
        progress.add(failure(trial.plan.name, error))
        return None
    chosen = target.accept(trial, evaluator)
    if chosen is None:
        return None
    trial = replace(trial, candidate=with_teacher_gain(trial, builder, reference, progress))
    return _recorded(chosen, with_trained_floats(trial, builder, reference, progress), progress)


def _recorded(chosen: ChosenCandidate, candidate: Candidate, progress: Progress) -> ChosenCandidate:
    candidate = with_status(candidate, CandidateStatus.CHOSEN)
    progress.add(candidate)
    return replace(chosen, candidate=candidate)
