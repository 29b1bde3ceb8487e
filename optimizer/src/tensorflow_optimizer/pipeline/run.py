"""Runs the complete job."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.draft import MODEL_DIRECTORY, Draft, forget_model, write_draft
from ..documents.job import Metric
from ..documents.manifest import SourceRecord
from ..documents.outcome import EvidenceKind, Outcome
from ..errors import BadInputError, ExitCode, OptimizerError
from ..processes import environment
from ..processes.exhaustion import unexpected
from ..processes.progress import Progress, log
from ..sandbox import PRELOADED, Sandbox

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..documents.manifest import Extra
    from ..proof import ServingTimes
    from ..sources import OpenedSource
    from .target_format import ChosenCandidate

#: Modules of the tasks that a job starts.
TASKS = tuple(
    f"tensorflow_optimizer.{name}"
    for name in (
        "candidates.leaf",
        "conversion.leaf",
        "evaluation.leaf",
        "runners.leaf",
        "sources.leaf",
        "training.leaf",
    )
)


@dataclass(frozen=True)
class Paths:
    """Input and output paths of a job."""

    source: Path
    """The model: a directory or a file."""
    evaluation: Path | None
    """The data: a file, or a directory with one."""
    output: Path
    """OUT: receives model/ and draft.json when the job succeeds."""
    work: Path | None = None
    """Directory of temporary files; the system's when absent."""
    students: tuple[Path, ...] = ()
    """The given students, in the order in which the job's steps name them."""
    server: Path | None = None
    """Directory with the program that `keep_server` took out of its image; None to take it now."""
    serving: Path | None = None
    """The version that serves, as `fetch` lays it out; None: none serves."""


def run(job: Job, paths: Paths) -> tuple[Outcome, Draft | None]:
    """Run the job and return its outcome. Never raises."""
    progress, isolation = Progress(), dict[str, str]()
    draft: Draft | None = None
    try:
        paths.output.mkdir(parents=True, exist_ok=True)
        forget_model(paths.output)
        with tempfile.TemporaryDirectory(prefix="optimize-", dir=paths.work) as work:
            # A leaf of another user reads files in it, and cannot list it.
            Path(work).chmod(0o711)
            with Sandbox(Path(work), preloaded=_preloaded(job)) as sandbox:
                try:
                    outcome, draft = _run(job, paths, sandbox, Path(work), progress)
                finally:
                    isolation.update(sandbox.layers)
    except OptimizerError as error:
        outcome = progress.failure(error)
    except Exception as error:
        log.exception("the job failed")
        outcome = progress.failure(unexpected(error))
    if draft is None:
        forget_model(paths.output)
    states = "; ".join(f"{name} {state}" for name, state in isolation.items())
    log.info("the processes that opened models were isolated by: %s", states)
    return outcome.model_copy(update={"isolation": isolation}), draft


def _preloaded(job: Job) -> tuple[str, ...]:
    """Return what the job's leaves would each import, which takes half a second of processor time every time."""
    quantizer = ("litert_quantizer",) if job.recipe.search is not None else ()
    return *PRELOADED, *TASKS, *quantizer


def _run(job: Job, paths: Paths, sandbox: Sandbox, work: Path, progress: Progress) -> tuple[Outcome, Draft]:
    environment.check_toolchain(job.toolchain)
    from ..candidates.evaluator import warn_of_rare_classes
    from ..serving.golden_requests import golden_requests, write_golden
    from ..serving.server_trial import receive_server, take_server, try_server
    from ..sources import open_source
    from .inputs import Inputs
    from .optimize import optimize
    from .profile import write_profile

    _check_evaluation(job, paths, progress)
    server = receive_server(paths.server, paths.output) if paths.server else take_server(job, paths.output, progress)
    progress.say(f"opening {paths.source.name}")
    opened = open_source(sandbox, paths.source, job.source, work)
    inputs = Inputs(paths.evaluation, list(paths.students), paths.serving)
    chosen = optimize(job, opened, inputs, sandbox, work, progress)
    if chosen.unverified_reason:
        reason = chosen.unverified_reason
        progress.warn(f"published unverified: {reason.text}", *reason.hints)
    warn_of_rare_classes(chosen.evaluator, progress)
    size = chosen.write(paths.output)
    draft = chosen.finish(_draft(job, opened, chosen, size, progress), paths.output)
    reference, runner = chosen.evaluator.reference, chosen.loaded.runner
    count = write_golden(sandbox, paths.output, draft, reference, runner, progress)
    if count:
        of = "generated samples" if reference.evidence is EvidenceKind.GENERATED else "samples of the evaluation data"
        progress.say(f"{count} {of} are published with the model as golden requests")
    if write_profile(paths.output, draft, reference, runner):
        progress.say("the distribution of the evaluation data is published with the model as profile.json")
    if server is not None:
        # A stateful model's answer depends on earlier requests, so only the first is certain.
        requests = golden_requests(draft, reference, runner, count=1 if reference.batch == 1 else 4)
        tried = try_server(sandbox, server, draft, paths.output / MODEL_DIRECTORY, requests, work, progress)
        draft = draft.model_copy(update={"server": tried})
    write_draft(paths.output, draft)
    return progress.outcome(ExitCode.DONE, _sentence(draft), unverified=bool(chosen.unverified_reason)), draft


def _check_evaluation(job: Job, paths: Paths, progress: Progress) -> None:
    """Check that the data matches the job, whose build key stands for it."""
    if job.evaluation is not None and paths.evaluation is None:
        raise BadInputError("the job names evaluation data, but none was given; give it as --evaluation")
    if job.evaluation is None and paths.evaluation is not None:
        progress.warn(
            "the job does not name the evaluation data that was given, so that its build key does not cover it"
        )


def _draft(job: Job, opened: OpenedSource, chosen: ChosenCandidate, size: int, progress: Progress) -> Draft:
    times = chosen.times()
    return Draft(
        model=job.model,
        format=job.format,
        architecture=job.architecture,
        size_bytes=size,
        default_signature=chosen.evaluator.reference.default,
        signatures=chosen.signatures,
        reset_state=chosen.reset_state,
        labels=job.labels,
        text=chosen.text(),
        source=SourceRecord(
            digest=opened.digest,
            format=opened.kind.value,
            tensorflow_version=opened.tensorflow_version,
            object_version=job.source.identity.object_version,
            revision=job.source.identity.revision,
            allowed_operations=sorted(job.source.allowed_operations),
        ),
        recipe=job.recipe,
        candidate=chosen.candidate.name,
        unverified=bool(chosen.unverified_reason),
        original=progress.original,
        evaluation=chosen.candidate.metrics,
        gate=chosen.evaluator.gate.to_gate(),
        gate_results=chosen.candidate.rules,
        candidates=progress.candidates,
        requirements=chosen.requirements(),
        runs=chosen.runs(),
        pictures=chosen.images(),
        load_milliseconds=times.load,
        latency_milliseconds=times.latency,
        tools=environment.versions(),
        extra=_further(times),
    )


def _further(times: ServingTimes) -> Extra:
    """Return the times that the native program alone has."""
    further: Extra = {}
    if times.start is not None:
        further["startMilliseconds"] = times.start
    if times.processor is not None:
        further["processorMilliseconds"] = times.processor
    if times.processor_p99 is not None:
        further["processorMillisecondsP99"] = times.processor_p99
    return further


def _sentence(draft: Draft) -> str:
    before = draft.original.size_bytes if draft.original else draft.size_bytes
    parts = [f"{draft.candidate} passed: {_size(before)} became {_size(draft.size_bytes)}"]
    if draft.original and draft.evaluation:
        for name, metrics in draft.evaluation.outputs.items():
            first = draft.original.outputs.get(name)
            judged = [rule.metric for rule in draft.gate_results if rule.metric and rule.output == name]
            if judged and metrics.accuracy is not None and first:
                parts += [
                    f"{Metric.of_key(key).words} of {name!r} {first.scores[key]:.2%} became {metrics.scores[key]:.2%}"
                    for key in judged
                ]
            elif metrics.accuracy is not None and first and first.accuracy is not None:
                parts.append(f"accuracy of {name!r} {first.accuracy:.2%} became {metrics.accuracy:.2%}")
    if draft.requirements.runtime:
        parts.append(f"served by the {draft.requirements.runtime} runtime")
    return ", ".join(parts)


def _size(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"
