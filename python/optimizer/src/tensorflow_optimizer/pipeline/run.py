"""The whole job."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .. import environment
from ..config import ModelFormat
from ..draft import DRAFT_FILE, MODEL_DIRECTORY, Draft, write_draft
from ..errors import OptimizerError
from ..manifest import SourceRecord
from ..outcome import ExitCode, Outcome
from .progress import Progress, log

if TYPE_CHECKING:
    from ..config import Job
    from ..sources import OpenedSource
    from .litert import Chosen
    from .saved_model import ChosenSavedModel


def run(
    job: Job, source: Path, evaluation: Path | None, output: Path, work: Path | None = None
) -> tuple[Outcome, Draft | None]:
    """Do the job, write OUT/model/ and OUT/draft.json when it succeeds, and return how it ended. Never raises.

    Args:
        job: What to do.
        source: The model: a directory or a file.
        evaluation: The data: a file, a directory with one file, or None.
        output: OUT.
        work: For temporary files; made and removed when absent.
    """
    progress = Progress()
    output.mkdir(parents=True, exist_ok=True)
    _forget(output)
    try:
        with tempfile.TemporaryDirectory(prefix="optimize-", dir=work) as directory:
            outcome, draft = _run(job, source, evaluation, output, Path(directory), progress)
    except OptimizerError as error:
        _forget(output)
        return progress.outcome(error.exit_code, str(error)), None
    except Exception as error:
        log.exception("the job failed")
        _forget(output)
        return progress.outcome(ExitCode.FAILED, unexpected(error)), None
    return outcome, draft


def _run(  # noqa: PLR0913
    job: Job, source: Path, evaluation: Path | None, output: Path, work: Path, progress: Progress
) -> tuple[Outcome, Draft]:
    environment.prepare()
    environment.check_toolchain(job.toolchain)
    from ..sources import open_source
    from .litert import make_litert
    from .saved_model import make_saved_model

    progress.say(f"opening {source.name}")
    opened = open_source(source, job.source, work)
    make = make_litert if job.format is ModelFormat.LITERT else make_saved_model
    chosen: Chosen | ChosenSavedModel = make(job, opened, evaluation, work, progress)
    if chosen.unverified:
        progress.warn(
            "published unverified: nothing shows that the candidate decides like the original; give EvaluationData to prove it"
        )
    size = chosen.write(output)
    draft = _draft(job, opened, chosen, size, progress)
    write_draft(output, draft)
    return progress.outcome(ExitCode.DONE, _sentence(draft), unverified=chosen.unverified), draft


def _draft(job: Job, opened: OpenedSource, chosen: Chosen | ChosenSavedModel, size: int, progress: Progress) -> Draft:
    from .litert import Chosen

    litert = isinstance(chosen, Chosen)
    return Draft(
        model=job.model,
        format=job.format,
        architecture=job.architecture,
        size_bytes=size,
        default_signature=chosen.default,
        signatures=chosen.built.signatures if isinstance(chosen, Chosen) else chosen.signatures,
        reset_state=chosen.reset_state,
        labels=job.labels,
        source=SourceRecord(
            digest=opened.digest,
            format=opened.kind.value,
            tensorflow_version=opened.tensorflow_version,
            object_version=job.source.identity.object_version,
            revision=job.source.identity.revision,
        ),
        recipe=job.recipe,
        candidate=chosen.candidate.name,
        unverified=chosen.unverified,
        original=progress.original,
        evaluation=chosen.candidate.metrics,
        gate=chosen.gate.to_gate(),
        gate_results=chosen.candidate.rules,
        candidates=progress.candidates,
        requirements=chosen.requirements(),
        load_milliseconds=chosen.proof.load_milliseconds if isinstance(chosen, Chosen) else None,
        latency_milliseconds=chosen.proof.latency_milliseconds if isinstance(chosen, Chosen) else _latency(chosen),
        tools=environment.versions(),
        extra={"firstMilliseconds": chosen.proof.first_milliseconds} if litert and isinstance(chosen, Chosen) else {},
    )


def _latency(chosen: ChosenSavedModel) -> float | None:
    return chosen.candidate.metrics.latency_milliseconds if chosen.candidate.metrics else None


def _sentence(draft: Draft) -> str:
    before = draft.original.size_bytes if draft.original else draft.size_bytes
    parts = [f"{draft.candidate} passed: {_size(before)} became {_size(draft.size_bytes)}"]
    if draft.original and draft.evaluation:
        for name, metrics in draft.evaluation.outputs.items():
            first = draft.original.outputs.get(name)
            if metrics.accuracy is not None and first and first.accuracy is not None:
                parts.append(f"accuracy of {name!r} {first.accuracy:.2%} became {metrics.accuracy:.2%}")
    if draft.requirements.runtime:
        parts.append(f"served by the {draft.requirements.runtime} runtime")
    return ", ".join(parts)


def _size(size: int) -> str:
    return f"{size / 1e6:.2f} MB" if size >= 1e6 else f"{size / 1e3:.1f} kB"


def unexpected(error: BaseException) -> str:
    """Return the sentence for an error that nobody foresaw. The details are in the log, and only there."""
    import errno

    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return "the job ran out of memory; choose a larger computeType"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the job ran out of disk space; choose a larger computeType"
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no message")[:200]
    return f"the optimizer failed unexpectedly ({type(error).__name__}: {first}); the log has the details"


def _forget(output: Path) -> None:
    """Remove what a failed or an earlier run left: publish must find a complete model, or none."""
    shutil.rmtree(output / MODEL_DIRECTORY, ignore_errors=True)
    (output / DRAFT_FILE).unlink(missing_ok=True)
