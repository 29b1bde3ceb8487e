"""A job whose artifact is a .tflite file for Lambda."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import Distillation, Pruning, Quantization, RecipeKind, StatefulBehavior
from ..conversion import LiteRtMode
from ..draft import LITERT_FILE, MODEL_DIRECTORY
from ..errors import OptimizerError, UnsupportedError
from ..gate import check_measurable, plan_gate
from ..manifest import Requirements, Runtime
from ..outcome import CandidateStatus, EvidenceKind, Split
from ..proof import prove
from ..runners import RunError, SavedModelRunner
from ..signatures import Selection, read_signatures, select_for_litert, state_writers
from ..signatures.select import OTHER_PATHS
from ..sources import SourceKind
from ..sources.tflite_file import read_tflite
from .build_litert import BuiltLiteRt, CraftedLiteRt
from .evaluate import Judge, record, refusal, with_status
from .ladders import litert_ladders
from .lessons import make_lessons
from .plan import LiteRtPlan, litert_plans, plan_of, tflite_plans
from .reference import Endpoint, Reference, Subject, measure_original
from .search import Field, check_searchable, on_selection, search, with_search_gate
from .shop_litert import LiteRtShop
from .students import open_students
from .teacher_gain import taught
from .trained import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Job
    from ..gate import GatePlan
    from ..outcome import Candidate
    from ..proof import Proof
    from ..runners import Runner
    from ..sources import OpenedSource
    from .inputs import Inputs
    from .ladders import Ladders
    from .progress import Progress
    from .search import Trial

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
    unverified: bool

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
    check_searchable(job, has_data=has_data)
    if wanted is not None and source.kind is SourceKind.TFLITE:
        tflite_plans(job)
    ladders = litert_ladders(job, wanted) if wanted is not None else None
    plans = ladders.plans if ladders else _plans(job, source, has_data=has_data)
    original = _open_original(job, source, progress)
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
    return ChosenLiteRt(candidate, one.built, proof, judge, one.built.reset_state, unverified=False)


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


@dataclass(frozen=True)
class _Original:
    subject: Subject
    selection: Selection
    as_it_is: CraftedLiteRt | None
    """A .tflite file."""


def _open_original(job: Job, source: OpenedSource, progress: Progress) -> _Original:
    if source.kind is SourceKind.TFLITE:
        return _open_tflite(job, source, progress)
    if source.directory is None:
        raise OptimizerError("there is no SavedModel to convert")
    selection, reset_state = _select(job, source, progress)
    runner = SavedModelRunner(
        source.directory,
        source.tags,
        {name: one.spec for name, one in selection.signatures.items()},
        reset_state=reset_state,
        saved_by=source.tensorflow_version,
    )
    subject = Subject(
        runner, selection.default, _endpoints(selection), source.size_bytes, reset_state, one_row_at_a_time=True
    )
    return _Original(subject, selection, None)


def _open_tflite(job: Job, source: OpenedSource, progress: Progress) -> _Original:
    if source.file is None:
        raise OptimizerError("there is no .tflite file to serve")
    file = read_tflite(source.file)
    if file.named:
        progress.warn("the .tflite file has no signature; one that names inputs and outputs by their tensors was added")
    reset = job.source.stateful is StatefulBehavior.RESET_PER_REQUEST
    if file.stateful and not reset:
        raise _state_refusal("the .tflite file", "ASSIGN_VARIABLE")
    selection = select_for_litert(file.signatures, job.source)
    for warning in selection.warnings:
        progress.warn(warning)
    for name, one in selection.signatures.items():
        if any(shape != file.sizes[name][key] for key, shape in one.shapes.items()):
            raise UnsupportedError(
                f"the .tflite file takes inputs of the shapes {file.sizes[name]} and is served as it is, so that "
                f"`inputShapes` cannot make it {one.shapes}; convert it again with these shapes, or give the SavedModel"
            )
    crafted = CraftedLiteRt(file.content, dict(selection.signatures), file.stateful, unknown_batch=True)
    subject = Subject(crafted.load().runner, selection.default, _endpoints(selection), source.size_bytes, file.stateful)
    return _Original(subject, selection, crafted)


def _endpoints(selection: Selection) -> dict[str, Endpoint]:
    return {name: Endpoint(one.spec, one.batched, one.shapes) for name, one in selection.signatures.items()}


def _select(job: Job, source: OpenedSource, progress: Progress) -> tuple[Selection, bool]:
    """Return the signatures to publish, and whether their state must be reset before every request."""
    selection = select_for_litert(read_signatures(source.meta_graph), job.source)
    for warning in selection.warnings:
        progress.warn(warning)
    writers = {name: state_writers(source.meta_graph, one.spec) for name, one in selection.signatures.items()}
    stateful = [name for name, operators in writers.items() if operators]
    if not stateful or job.source.stateful is StatefulBehavior.RESET_PER_REQUEST:
        return selection, bool(stateful)
    if selection.default in stateful:
        raise _state_refusal(f"the signature {selection.default!r}", ", ".join(writers[selection.default]))
    for name in stateful:
        progress.warn(f"the signature {name!r} is left out: it changes the model's state ({', '.join(writers[name])})")
    kept = {name: one for name, one in selection.signatures.items() if name not in stateful}
    return Selection(selection.default, kept, selection.warnings), False


def _state_refusal(what: str, operators: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} changes the model's state when it is called ({operators}), so that on Lambda an answer would depend "
        "on what the same instance was asked before; say `stateful: StatefulBehavior.RESET_PER_REQUEST` at the model's "
        f"source to start every request from the saved state, or {OTHER_PATHS}"
    )


def _gate(job: Job, reference: Reference, progress: Progress) -> GatePlan:
    tasks = reference.tasks[reference.default]
    check_measurable(job.gate, tasks, reference.labelled, reference.evidence)
    if reference.evidence is EvidenceKind.GENERATED and job.recipe.kind is RecipeKind.FOR_LAMBDA:
        progress.warn(
            "no evaluation data: the candidates are judged by their numbers on made-up inputs alone; with "
            "EvaluationData the job also tries dynamicRange(), about four times smaller than float32 and often faster, "
            "and proves that it decides like the original"
        )
    return plan_gate(job, tasks, reference.labelled, reference.evidence, reference.float_outputs)


def _baseline(job: Job, shop: LiteRtShop, original: _Original, progress: Progress) -> Runner | None:
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
        unverified = _is_unverified(job, judge.reference)
        chosen = ChosenLiteRt(candidate, built, proof, judge, built.reset_state, unverified)
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


def _is_unverified(job: Job, reference: Reference) -> bool:
    """Say whether nothing shows that the candidate decides like the original."""
    if reference.evidence is not EvidenceKind.GENERATED:
        return False
    changed = any(isinstance(step, (Distillation, Pruning, Quantization)) for step in job.recipe.steps)
    return changed or not reference.float_outputs
