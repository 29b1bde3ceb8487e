"""Builds, measures and judges candidates until one can be published, in any format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..candidates.evaluator import CandidateEvaluator, failure, record, refusal, with_status
from ..candidates.trained_otherwise import with_teacher_gain, with_trained_floats
from ..candidates.trial import Trial
from ..documents.job import ModelFormat, RecipeKind
from ..documents.outcome import CandidateStatus, EvidenceKind, Split
from ..errors import UnsupportedError
from ..gate import check_measurable, plan_gate
from ..hints import Hint
from ..reference.measure import measure_original
from ..reference.serving import open_serving
from ..search.ranking import ByObjective, ByQuality
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
    from ..search.ranking import Ranking
    from ..sources import OpenedSource
    from .inputs import Inputs
    from .target_format import ChosenCandidate, TargetFormat


def optimize(job: Job, source: OpenedSource, inputs: Inputs, work: Path, progress: Progress) -> ChosenCandidate:
    """Return the candidate to publish.

    Raises:
        OptimizerError: there is none.
    """
    if job.format is ModelFormat.LITERT:
        return _optimize(LiteRtFormat(job, source, work, progress), inputs)
    return _optimize(SavedModelFormat(job, source, work, progress), inputs)


def _optimize(target: TargetFormat[PlanT, LoadedT], inputs: Inputs) -> ChosenCandidate:
    job, progress, work = target.job, target.progress, target.work
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
    students = open_students(job, inputs.students, spec, work)
    reference = measure_original(
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
    training_data = make_training_data(reference, [plan.distillation for plan in plans if plan.distillation], progress)
    builder = target.builder(Trainer(target.source, spec, training_data, students, work, job.seed), reference)
    serving = open_serving(inputs.serving, work) if inputs.serving and gate.serving_metrics else None
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
    context = SearchContext(builder, subject.size_bytes, work, selection, evaluator)
    return run_search(ranking, space, context, lambda trial: _accept_found(target, trial, builder, evaluator), progress)


def _gate(job: Job, reference: Reference, progress: Progress, *, as_it_is: bool) -> GatePlan:
    tasks = reference.tasks[reference.default]
    measured = {name: output.scores for name, output in reference.metrics.outputs.items()}
    check_measurable(job.gate, tasks, reference.labelled, reference.evidence, measured)
    if reference.evidence is EvidenceKind.GENERATED and job.recipe.kind is RecipeKind.FOR_LITERT and not as_it_is:
        progress.warn(
            "no evaluation data: the candidates are judged by their numbers on made-up inputs alone; with evaluation "
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
    """Try the plans in their order; the first that passes and can be served is chosen."""
    progress, reference = target.progress, evaluator.reference
    unsupported: list[UnsupportedError] = []
    left, tried = list(plans), []
    while left:
        plan = left.pop(0)
        tried.append(plan)
        try:
            loaded = builder.build(plan, progress).load()
            target.check(plan, loaded, reference)
        except UnsupportedError as error:
            unsupported.append(error)
            progress.add(failure(plan.name, error))
            if not left and (fallback := target.fallback(plan)) is not None:
                left.append(fallback)
            warning = target.fallback_warning(error) if left else None
            if warning is not None:
                progress.warn(warning.text, *warning.hints)
            continue
        candidate = evaluator.evaluate(plan.name, loaded)
        if candidate.status is CandidateStatus.PASSED and left and _must_not_be_slower(target.job):
            candidate = evaluator.without_slower(candidate, loaded)
        candidate = with_teacher_gain(Trial(plan, loaded, candidate), builder, reference, progress)
        if candidate.status is not CandidateStatus.PASSED:
            progress.add(candidate)
            continue
        chosen = target.accept(Trial(plan, loaded, candidate), evaluator)
        if chosen is None:
            continue
        chosen = _recorded(chosen, candidate, progress)
        for later in left:
            progress.add(record(later.name, CandidateStatus.SKIPPED, f"{plan.name} passed before it was its turn"))
        return chosen
    raise target.none_supported(unsupported, tried) or refusal(progress.candidates)


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
