"""A job whose artifact is a .tflite file for Lambda."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..candidates.evaluator import Judge, record, refusal, with_status
from ..candidates.litert_builder import LiteRtShop
from ..candidates.plans import LiteRtPlan, litert_plans, plan_of, tflite_plans
from ..candidates.teacher_gain import taught
from ..candidates.unverified import why_unproven
from ..conversion import LiteRtMode
from ..documents.draft import LITERT_FILE, MODEL_DIRECTORY
from ..documents.job import Distillation, Pruning, Quantization, RecipeKind
from ..documents.manifest import Requirements, Runtime
from ..documents.outcome import CandidateStatus, EvidenceKind, Split
from ..errors import OptimizerError, UnsupportedError
from ..gate import check_measurable, plan_gate
from ..proof import prove
from ..reference.measure import measure_original
from ..runners import RunError
from ..search.requirements import check_has_data, check_searchable, with_search_gate
from ..search.search import Field, on_selection, search
from ..search.space import litert_ladders, trainable
from ..sources import SourceKind
from ..training.given_students import open_students
from ..training.trainer import Trainer
from ..training.training_data import make_lessons
from .litert_original import open_original

if TYPE_CHECKING:
    from pathlib import Path

    from ..candidates.litert_conversion import BuiltLiteRt
    from ..documents.job import Job
    from ..documents.outcome import Candidate
    from ..gate import GatePlan
    from ..processes.progress import Progress
    from ..proof import Proof
    from ..reference.measure import Reference
    from ..runners import Runner
    from ..search.search import Trial
    from ..search.space import Ladders
    from ..sources import OpenedSource
    from .inputs import Inputs
    from .litert_original import OriginalLiteRt

#: Converting once more only to have something to compare the latency with is not worth it for large models.
_BASELINE_LIMIT = 64 << 20


@dataclass(frozen=True)
class ChosenLiteRt:
    """The candidate that is published."""

    candidate: Candidate
    built: BuiltLiteRt
    proof: Proof
    judge: Judge
    reset_state: bool
    unproven: str
    """Why it is published as unverified; empty: it is not."""

    def write(self, output: Path) -> int:
        """Write the model into OUT/model/ and return its size."""
        directory = output / MODEL_DIRECTORY
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LITERT_FILE).write_bytes(self.built.content)
        return self.built.size_bytes

    def requirements(self) -> Requirements:
        """Return what the function must offer."""
        return Requirements(
            runtime=self.proof.runtime,
            nano_refusal=self.proof.nano_refusal,
            peak_memory_mebibytes=self.proof.peak_mebibytes,
        )


def make_litert(job: Job, source: OpenedSource, inputs: Inputs, work: Path, progress: Progress) -> ChosenLiteRt:
    """Make, measure, judge and prove candidates until one may be published.

    Raises:
        OptimizerError: none may.
    """
    wanted = job.recipe.search
    job = with_search_gate(job)
    has_data = inputs.evaluation is not None
    check_has_data(job, has_data=has_data)
    if wanted is not None and source.kind is SourceKind.TFLITE:
        tflite_plans(job)
    ladders = litert_ladders(job, wanted) if wanted is not None else None
    plans = ladders.plans if ladders else _plans(job, source, has_data=has_data)
    original = open_original(job, source, progress)
    subject, selection = original.subject, original.selection
    if ladders is not None and len(selection.signatures) > 1:
        ladders = _without_full_integer(ladders, list(selection.signatures), progress)
        plans = ladders.plans
    students = open_students(job, inputs.students, selection.signatures[selection.default].spec, work)
    calibrate = any(plan.mode is LiteRtMode.FULL_INTEGER for plan in plans)
    trained = any(plan.pruning or plan.distillation for plan in plans)
    reference = measure_original(
        job,
        inputs.evaluation,
        subject,
        progress,
        calibrate=calibrate,
        train=has_data and trained,
        select=wanted is not None,
    )
    check_searchable(job, reference)
    if ladders is not None:
        ladders = trainable(job, ladders, reference, progress)
        plans = ladders.plans
    lessons = make_lessons(reference, [plan.distillation for plan in plans if plan.distillation], progress)
    shop = LiteRtShop(
        job,
        Trainer(source, selection.signatures[selection.default].spec, lessons, students, work, job.seed),
        selection,
        subject.stateful,
        reference.calibration if calibrate else None,
        original.as_it_is,
    )
    judge = Judge(reference, _gate(job, reference, progress), _baseline(job, shop, original, progress))
    if wanted is None or ladders is None:
        return _choose(job, plans, shop, judge, progress)
    selecting = replace(judge, reference=on_selection(reference), split=Split.SELECTION)
    field = Field(shop, subject.size_bytes, work, selecting, judge)
    return search(wanted, ladders, field, lambda one: _accepted(job, one, shop, judge, progress), progress)


def _accepted(job: Job, one: Trial, shop: LiteRtShop, judge: Judge, progress: Progress) -> ChosenLiteRt | None:
    """Prove which runtime serves the best candidate of a search, and record it."""
    proof = prove_candidate(job, one.built, one.candidate, judge, progress)
    if proof is None:
        return None
    candidate = one.candidate
    if one.plan.distillation is not None:
        candidate = taught(candidate, one.plan, one.built, shop, judge, progress)
    candidate = with_status(candidate, CandidateStatus.CHOSEN)
    progress.add(candidate)
    return _chosen(job, one.plan, candidate, one.built, proof, judge)


def _chosen(  # noqa: PLR0913, PLR0917 - everything that is known of the candidate
    job: Job, plan: LiteRtPlan, candidate: Candidate, built: BuiltLiteRt, proof: Proof, judge: Judge
) -> ChosenLiteRt:
    if judge.reference.evidence is EvidenceKind.GENERATED:
        # What the defaults try without data changes no decision, as far as numbers can show it.
        changed = any(isinstance(step, (Distillation, Pruning, Quantization)) for step in job.recipe.steps)
        changed = changed or not judge.reference.float_outputs
    else:
        changed = bool(plan.mode is not LiteRtMode.FLOAT32 or plan.pruning or plan.distillation)
    unproven = why_unproven(judge, built.runner, built.signatures, changed=changed)
    return ChosenLiteRt(candidate, built, proof, judge, built.reset_state, unproven)


def _without_full_integer(
    ladders: Ladders[LiteRtPlan], signatures: list[str], progress: Progress
) -> Ladders[LiteRtPlan]:
    """Leave out the candidates that keep one signature only: there is data to calibrate no other."""
    kept = [
        [plan for plan in ladder if plan.mode is not LiteRtMode.FULL_INTEGER or plan.distillation]
        for ladder in ladders.ladders
    ]
    if sum(map(len, kept)) < len(ladders.plans):
        progress.warn(
            f"search() did not try fullInteger(), which keeps only the signature that there is data for, of "
            f"{', '.join(map(repr, signatures))}; name one with `signatureName` to have it tried"
        )
    return replace(ladders, ladders=[ladder for ladder in kept if ladder])


def _plans(job: Job, source: OpenedSource, *, has_data: bool) -> list[LiteRtPlan]:
    # A .tflite file can teach, and cannot be changed.
    taught = any(isinstance(step, Distillation) for step in job.recipe.steps)
    if source.kind is SourceKind.TFLITE and not taught:
        return tflite_plans(job)
    return litert_plans(job, has_data=has_data)


def _gate(job: Job, reference: Reference, progress: Progress) -> GatePlan:
    tasks = reference.tasks[reference.default]
    check_measurable(job.gate, tasks, reference.labelled, reference.evidence)
    if reference.evidence is EvidenceKind.GENERATED and job.recipe.kind is RecipeKind.FOR_LAMBDA:
        progress.warn(
            "no evaluation data: the candidates are judged by their numbers on made-up inputs alone; with "
            "EvaluationData the job also tries dynamicRange(), about four times smaller than float32 and often faster, "
            "and proves that it decides like the original"
        )
    return plan_gate(
        job, tasks, reference.labelled, reference.evidence, reference.float_outputs, reference.other_outputs
    )


def _baseline(job: Job, shop: LiteRtShop, original: OriginalLiteRt, progress: Progress) -> Runner | None:
    """Return what latency is compared with: the model's own float32 conversion, or the .tflite file itself."""
    if original.as_it_is is not None:
        return original.subject.runner
    asked = job.gate is not None and any(rule.rule == "maxLatencyRatio" for rule in job.gate.rules)
    if not asked and original.subject.size_bytes > _BASELINE_LIMIT:
        return None
    try:
        return shop.build(plan_of(LiteRtMode.FLOAT32), progress).runner
    except OptimizerError as error:
        progress.say(f"no float32 conversion to compare the latency with ({error})")
        return None


def _choose(job: Job, plans: list[LiteRtPlan], shop: LiteRtShop, judge: Judge, progress: Progress) -> ChosenLiteRt:
    """Try the plans in their order; the first that passes and can be served is chosen."""
    chosen: ChosenLiteRt | None = None
    unsupported: list[OptimizerError] = []
    for plan in plans:
        if chosen:
            reason = f"{chosen.candidate.name} passed before it was its turn"
            progress.add(record(plan.name, CandidateStatus.SKIPPED, reason))
            continue
        try:
            built = shop.build(plan, progress)
        except UnsupportedError as error:
            unsupported.append(error)
            progress.add(record(plan.name, CandidateStatus.FAILED, str(error)))
            continue
        candidate = judge.evaluate(plan.name, built, list(built.signatures))
        if plan.distillation is not None:
            candidate = taught(candidate, plan, built, shop, judge, progress)
        proof = (
            prove_candidate(job, built, candidate, judge, progress)
            if candidate.status is CandidateStatus.PASSED
            else None
        )
        if proof is None:
            if candidate.status is not CandidateStatus.PASSED:
                progress.add(candidate)
            continue
        candidate = with_status(candidate, CandidateStatus.CHOSEN)
        progress.add(candidate)
        chosen = _chosen(job, plan, candidate, built, proof, judge)
    if chosen:
        return chosen
    if len(unsupported) == len(plans):
        raise unsupported[0]
    raise refusal(progress.candidates)


def prove_candidate(
    job: Job, built: BuiltLiteRt, candidate: Candidate, judge: Judge, progress: Progress
) -> Proof | None:
    """Return which runtime serves a candidate; None, and a record of it, when none does."""
    progress.say(f"proving the runtime for {candidate.name}")
    try:
        proof = prove(
            built.content, job.model, built.signatures, judge.reference.datasets, reset_state=built.reset_state
        )
    except RunError as error:
        progress.add(with_status(candidate, CandidateStatus.FAILED, str(error)))
        return None
    if proof.runtime is not Runtime.NANO:
        progress.warn(f"the nano runtime cannot serve this model, the numpy runtime will: {proof.nano_refusal}")
    return proof
