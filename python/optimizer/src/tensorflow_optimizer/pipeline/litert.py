"""A job whose artifact is a .tflite file for Lambda."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config import Pruning, Quantization, RecipeKind, StatefulBehavior
from ..conversion import LiteRtMode
from ..draft import LITERT_FILE, MODEL_DIRECTORY
from ..errors import BadInputError, OptimizerError, UnsupportedError
from ..gate import check_measurable, plan_gate
from ..manifest import Requirements, Runtime
from ..outcome import CandidateStatus, EvidenceKind
from ..proof import prove
from ..runners import LiteRtRunner, RunError, SavedModelRunner
from ..runners.describe import describe_signatures
from ..signatures import Selection, read_signatures, select_for_litert, state_writers
from ..signatures.select import OTHER_PATHS
from ..sources import SourceKind
from ..sources.tflite_file import read_tflite
from .build_litert import BuiltLiteRt, LiteRtBuilder
from .evaluate import Judge, record, refusal, with_status
from .plan import LiteRtPlan, litert_plans, tflite_plans
from .pruned import pruned_source
from .reference import Endpoint, Reference, Subject, measure_original

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..config import Job
    from ..gate import GatePlan
    from ..outcome import Candidate
    from ..proof import Proof
    from ..runners import Runner
    from ..sources import OpenedSource
    from .progress import Progress

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


def make_litert(
    job: Job, source: OpenedSource, evaluation: Path | None, work: Path, progress: Progress
) -> ChosenLiteRt:
    """Make, measure, judge and prove candidates until one may be published.

    Raises:
        OptimizerError: none may.
    """
    if source.kind is SourceKind.TFLITE:
        return _from_tflite(job, source, evaluation, progress)
    from .search import on_selection, search, search_plans, with_search_gate

    wanted = job.recipe.search
    job = with_search_gate(job)
    if wanted is not None and evaluation is None:
        raise BadInputError(
            "search() decides by accuracy, which needs evaluation data with labels; give EvaluationData, or use "
            "forLambda()"
        )
    plans = search_plans(job, wanted) if wanted else litert_plans(job, has_data=evaluation is not None)
    if source.directory is None:
        raise OptimizerError("there is no SavedModel to convert")
    selection, reset_state = _select(job, source, progress)
    if wanted is not None and len(selection.signatures) > 1:
        plans = _without_full_integer(plans, list(selection.signatures), progress)
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
    calibrate = any(plan.mode is LiteRtMode.FULL_INTEGER for plan in plans)
    train = evaluation is not None and any(plan.pruning for plan in plans)
    reference = measure_original(
        job, evaluation, subject, progress, calibrate=calibrate, train=train, select=wanted is not None
    )
    builder = LiteRtBuilder(source, selection, work, progress, reset_state=reset_state)
    judge = Judge(reference, _gate(job, reference, progress), _baseline(job, source, builder, progress))

    def build(plan: LiteRtPlan) -> BuiltLiteRt:
        if plan.pruning is not None:
            directory = work / f"pruned-{plan.pruning.sparsity}-{plan.pruning.schedule}"
            pruned = pruned_source(source, selection, plan.pruning, reference, directory, progress)
            made = LiteRtBuilder(pruned, selection, directory, progress, reset_state=reset_state)
            return made.build(plan.mode, reference.calibration if calibrate else None)
        return builder.build(plan.mode, reference.calibration if calibrate else None)

    if wanted is not None:
        return search(job, plans, build, replace(judge, reference=on_selection(reference)), judge, progress)
    return _choose(job, plans, build, judge, progress)


def _without_full_integer(plans: list[LiteRtPlan], signatures: list[str], progress: Progress) -> list[LiteRtPlan]:
    """Return the plans that keep all signatures: there is data to calibrate one of them only."""
    kept = [plan for plan in plans if plan.mode is not LiteRtMode.FULL_INTEGER]
    if len(kept) < len(plans):
        progress.warn(
            f"search() did not try fullInteger(), which keeps only the signature that there is data for, of "
            f"{', '.join(map(repr, signatures))}; name one with `signatureName` to have it tried"
        )
    return kept


def _from_tflite(job: Job, source: OpenedSource, evaluation: Path | None, progress: Progress) -> ChosenLiteRt:
    plans = tflite_plans(job)
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
    batched = {name: one.batched for name, one in selection.signatures.items()}
    signatures = describe_signatures(file.content, batched, unknown_batch=True)
    runner = LiteRtRunner(file.content, signatures, reset_state=file.stateful)
    built = BuiltLiteRt(file.content, signatures, runner, file.stateful)
    subject = Subject(runner, selection.default, _endpoints(selection), source.size_bytes, file.stateful)
    reference = measure_original(job, evaluation, subject, progress)
    judge = Judge(reference, _gate(job, reference, progress), runner)
    return _choose(job, plans, lambda _: built, judge, progress)


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


def _baseline(job: Job, source: OpenedSource, builder: LiteRtBuilder, progress: Progress) -> Runner | None:
    """Return the model's own float32 conversion, which latency is compared with."""
    asked = job.gate is not None and any(rule.rule == "maxLatencyRatio" for rule in job.gate.rules)
    if not asked and source.size_bytes > _BASELINE_LIMIT:
        return None
    try:
        return builder.build(LiteRtMode.FLOAT32, None).runner
    except OptimizerError as error:
        progress.say(f"no float32 conversion to compare the latency with ({error})")
        return None


def _choose(
    job: Job, plans: list[LiteRtPlan], build: Callable[[LiteRtPlan], BuiltLiteRt], judge: Judge, progress: Progress
) -> ChosenLiteRt:
    """Try the plans in their order; the first that passes and can be served is chosen."""
    chosen: ChosenLiteRt | None = None
    unsupported: list[OptimizerError] = []
    for plan in plans:
        if chosen:
            reason = f"{chosen.candidate.name} passed before it was its turn"
            progress.add(record(plan.name, CandidateStatus.SKIPPED, reason))
            continue
        try:
            built = build(plan)
        except UnsupportedError as error:
            unsupported.append(error)
            progress.add(record(plan.name, CandidateStatus.FAILED, str(error)))
            continue
        candidate = judge.evaluate(plan.name, built, list(built.signatures))
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
    changed = any(isinstance(step, (Pruning, Quantization)) for step in job.recipe.steps)
    return changed or not reference.float_outputs
