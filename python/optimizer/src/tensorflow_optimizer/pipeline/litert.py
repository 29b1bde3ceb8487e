"""A job whose artifact is a .tflite file for Lambda."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..config import Quantization, RecipeKind, StatefulBehavior
from ..conversion import LiteRtMode
from ..draft import LITERT_FILE, MODEL_DIRECTORY
from ..errors import GateError, OptimizerError, UnsupportedError
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
from .evaluate import evaluate, with_status
from .plan import LiteRtPlan, litert_plans, tflite_plans
from .reference import Endpoint, Reference, measure_original

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
class Chosen:
    """The candidate that is published."""

    candidate: Candidate
    built: BuiltLiteRt
    proof: Proof
    reset_state: bool
    unverified: bool
    gate: GatePlan
    default: str
    reference: Reference

    def write(self, output: Path) -> int:
        """Write the model into OUT/model/ and return its size."""
        directory = output / MODEL_DIRECTORY
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LITERT_FILE).write_bytes(self.built.content)
        return len(self.built.content)

    def requirements(self) -> Requirements:
        """Return what the function must offer."""
        return Requirements(
            runtime=self.proof.runtime,
            nano_refusal=self.proof.nano_refusal,
            peak_memory_mebibytes=self.proof.peak_mebibytes,
        )


def make_litert(job: Job, source: OpenedSource, evaluation: Path | None, work: Path, progress: Progress) -> Chosen:
    """Make, measure, judge and prove candidates until one may be published.

    Raises:
        OptimizerError: none may.
    """
    if source.kind is SourceKind.TFLITE:
        return _from_tflite(job, source, evaluation, progress)
    plans = litert_plans(job, has_data=evaluation is not None)
    specs = read_signatures(source.meta_graph)
    selection = select_for_litert(specs, job.source)
    for warning in selection.warnings:
        progress.warn(warning)
    selection, reset_state = _without_state(job, source, selection, progress)
    runner = SavedModelRunner(
        _directory(source),
        source.tags,
        {name: one.spec for name, one in selection.signatures.items()},
        reset_state=reset_state,
        saved_by=source.tensorflow_version,
    )
    endpoints = {name: Endpoint(one.spec, one.batched, one.shapes) for name, one in selection.signatures.items()}
    calibrate = any(plan.mode is LiteRtMode.FULL_INTEGER for plan in plans)
    reference = measure_original(
        job,
        evaluation,
        runner,
        selection.default,
        endpoints,
        progress,
        size_bytes=source.size_bytes,
        calibrate=calibrate,
        one_row_at_a_time=True,
        stateful=reset_state,
    )
    builder = LiteRtBuilder(source, selection, work, progress, reset_state=reset_state)

    def build(plan: LiteRtPlan) -> BuiltLiteRt:
        return builder.build(plan.mode, reference.splits.calibration if calibrate else None)

    gate = _gate(job, reference, progress)
    baseline = _baseline(job, source, builder, progress)
    return _choose(job, plans, build, reference, gate, baseline, progress, reset_state=reset_state)


def _from_tflite(job: Job, source: OpenedSource, evaluation: Path | None, progress: Progress) -> Chosen:
    plans = tflite_plans(job)
    if source.file is None:
        raise OptimizerError("there is no .tflite file to serve")
    file = read_tflite(source.file)
    if file.named:
        progress.warn(
            "the .tflite file has no signature; one was added that names inputs and outputs after their tensors"
        )
    selection = select_for_litert(file.signatures, job.source)
    for warning in selection.warnings:
        progress.warn(warning)
    for name, one in selection.signatures.items():
        if any(shape != file.sizes[name][key] for key, shape in one.shapes.items()):
            raise UnsupportedError(
                f"the .tflite file takes inputs of the shapes {file.sizes[name]} and is served as it is, so that "
                f"`inputShapes` cannot make it {one.shapes}; convert it again with these shapes, or give the SavedModel"
            )
    signatures = describe_signatures(file.content, {name: one.batched for name, one in selection.signatures.items()})
    reset_state = job.source.stateful is StatefulBehavior.RESET_PER_REQUEST
    runner = LiteRtRunner(file.content, signatures)
    built = BuiltLiteRt(file.content, signatures, runner)
    reference = measure_original(
        job,
        evaluation,
        runner,
        selection.default,
        {name: Endpoint(one.spec, one.batched, one.shapes) for name, one in selection.signatures.items()},
        progress,
        size_bytes=source.size_bytes,
        calibrate=False,
        one_row_at_a_time=False,
        stateful=False,
    )
    gate = _gate(job, reference, progress)
    return _choose(job, plans, lambda _: built, reference, gate, runner, progress, reset_state=reset_state and False)


def _without_state(job: Job, source: OpenedSource, selection: Selection, progress: Progress) -> tuple[Selection, bool]:
    """Leave out the signatures that change variables, unless the job accepts a reset before every request."""
    writers = {name: state_writers(source.meta_graph, one.spec) for name, one in selection.signatures.items()}
    stateful = [name for name, operators in writers.items() if operators]
    if not stateful or job.source.stateful is StatefulBehavior.RESET_PER_REQUEST:
        return selection, bool(stateful)
    if selection.default in stateful:
        raise UnsupportedError(
            f"the signature {selection.default!r} changes the model's state when it is called "
            f"({', '.join(writers[selection.default])}), and Lambda would answer by whatever the same instance was asked "
            "before; say `stateful: StatefulBehavior.RESET_PER_REQUEST` at the model's source to start every request from "
            f"the saved state, or {OTHER_PATHS}"
        )
    for name in stateful:
        progress.warn(f"the signature {name!r} is left out: it changes the model's state ({', '.join(writers[name])})")
    kept = {name: one for name, one in selection.signatures.items() if name not in stateful}
    return Selection(selection.default, kept, selection.warnings), False


def _gate(job: Job, reference: Reference, progress: Progress) -> GatePlan:
    tasks = reference.tasks[reference.default]
    labelled = set(reference.labels)
    check_measurable(job.gate, tasks, labelled, reference.evidence)
    plan = plan_gate(job, tasks, labelled, reference.evidence, reference.float_outputs)
    if reference.evidence is EvidenceKind.GENERATED and job.recipe.kind is RecipeKind.FOR_LAMBDA:
        progress.warn(
            "no evaluation data: float16 was judged by its numbers alone; with EvaluationData the job would also try "
            "dynamicRange(), about four times smaller and often faster, and prove that it decides like the original"
        )
    return plan


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


def _choose(  # noqa: PLR0913 - what the loop needs, each once
    job: Job,
    plans: list[LiteRtPlan],
    build: Callable[[LiteRtPlan], BuiltLiteRt],
    reference: Reference,
    gate: GatePlan,
    baseline: Runner | None,
    progress: Progress,
    *,
    reset_state: bool,
) -> Chosen:
    chosen: Chosen | None = None
    unsupported: list[OptimizerError] = []
    for plan in plans:
        if chosen:
            progress.add(_skipped(plan, chosen))
            continue
        try:
            built = build(plan)
        except UnsupportedError as error:
            unsupported.append(error)
            progress.add(_record(plan.name, CandidateStatus.FAILED, str(error)))
            continue
        measured = evaluate(plan.name, built, list(built.signatures), reference, gate, baseline)
        if not measured.passed:
            progress.add(measured.candidate)
            continue
        try:
            progress.say(f"proving the runtime for {plan.name}")
            proof = prove(built.content, job.model, built.signatures, reference.datasets, reset_state=reset_state)
        except RunError as error:
            progress.add(with_status(measured.candidate, CandidateStatus.FAILED, str(error)))
            continue
        if proof.runtime is not Runtime.NANO:
            progress.warn(f"the nano runtime cannot serve this model, the numpy runtime will: {proof.nano_refusal}")
        candidate = with_status(measured.candidate, CandidateStatus.CHOSEN)
        progress.add(candidate)
        unverified = _is_unverified(job, reference)
        chosen = Chosen(candidate, built, proof, reset_state, unverified, gate, reference.default, reference)
    if chosen:
        return chosen
    if len(unsupported) == len(plans):
        raise unsupported[0]
    raise refusal(progress.candidates)


def refusal(candidates: list[Candidate]) -> GateError:
    """Return the error that tells why no candidate is published."""
    reasons = "; ".join(f"{one.name}: {one.reason}" for one in candidates if one.reason)
    return GateError(
        f"no candidate passed, so that nothing is published ({reasons}); choose a milder recipe, or allow more in the gate"
    )


def _is_unverified(job: Job, reference: Reference) -> bool:
    """Say whether nothing shows that the candidate decides like the original."""
    if reference.evidence is not EvidenceKind.GENERATED:
        return False
    quantized = any(isinstance(step, Quantization) for step in job.recipe.steps)
    return quantized or not reference.float_outputs


def _skipped(plan: LiteRtPlan, chosen: Chosen) -> Candidate:
    return _record(plan.name, CandidateStatus.SKIPPED, f"{chosen.candidate.name} passed before it was its turn")


def _record(name: str, status: CandidateStatus, reason: str) -> Candidate:
    from ..outcome import Candidate

    return Candidate(name=name, status=status, reason=reason)


def _directory(source: OpenedSource) -> Path:
    if source.directory is None:
        raise OptimizerError("there is no SavedModel to convert")
    return source.directory
