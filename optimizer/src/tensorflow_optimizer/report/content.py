"""The content of a report. report.json contains it, the other files render it."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from ..documents.document import Document
from ..documents.job import Distillation, Gate, Job
from ..documents.manifest import ImageProof, Requirements, RunTimes, Signature, SourceRecord
from ..documents.outcome import Candidate, CandidateStatus, InputRange, Metrics, Outcome
from ..errors import ExitCode
from .advice import advise
from .loss import front_of

if TYPE_CHECKING:
    from ..documents.job import Evaluation, Source, StudentModel
    from ..documents.manifest import Draft


class Verdict(StrEnum):
    """End of a build, in a few words."""

    ACCEPTED = "accepted"
    UNVERIFIED = "accepted unverified"
    REFUSED = "refused by the quality gate"
    BAD_INPUT = "bad input"
    UNSUPPORTED = "not possible"
    FAILED = "failed"


_VERDICTS = {
    ExitCode.DONE: Verdict.ACCEPTED,
    ExitCode.FAILED: Verdict.FAILED,
    ExitCode.BAD_INPUT: Verdict.BAD_INPUT,
    ExitCode.GATE: Verdict.REFUSED,
    ExitCode.UNSUPPORTED: Verdict.UNSUPPORTED,
}


class Report(Document):
    """report.json."""

    schema_version: Literal[1] = 1
    verdict: Verdict
    exit_code: ExitCode
    sentence: str
    chosen: str | None = None
    """The name of the candidate that is published."""
    front: list[str]
    """Names of the candidates that no other beats in both size and loss."""
    warnings: list[str]
    advice: list[str]
    """Advice on more evidence."""
    inputs: dict[str, InputRange]
    """Ranges of the evaluation data."""
    expected_scale: str | None = None
    """The scale that the model seems to expect."""
    original: Metrics | None = None
    candidates: list[Candidate]
    default_signature: str | None = None
    signatures: dict[str, Signature]
    labels: list[str] | None = None
    gate: Gate | None = None
    """The rules for candidates; absent: the job ended before."""
    source: SourceRecord | None = None
    requirements: Requirements | None = None
    runs: dict[str, RunTimes]
    images: ImageProof | None = None
    load_milliseconds: float | None = None
    latency_milliseconds: float | None = None
    size_bytes: int | None = None
    tools: dict[str, str]
    isolation: dict[str, str]
    """State of each layer of isolation of the process that opened the model."""
    reproduction: list[str]
    """Commands that make the same artifact from the same input."""
    job: Job


def compose(job: Job, outcome: Outcome, draft: Draft | None) -> Report:
    """Compose the content of a report."""
    verdict = _VERDICTS[outcome.exit_code]
    chosen = next(
        (candidate.name for candidate in outcome.candidates if candidate.status is CandidateStatus.CHOSEN), None
    )
    return Report(
        verdict=Verdict.UNVERIFIED if verdict is Verdict.ACCEPTED and outcome.unverified else verdict,
        exit_code=outcome.exit_code,
        sentence=outcome.sentence,
        chosen=chosen if outcome.exit_code is ExitCode.DONE else None,
        front=front_of(outcome.candidates),
        warnings=outcome.warnings,
        advice=advise(job, outcome),
        inputs=outcome.inputs,
        expected_scale=outcome.expected_scale,
        original=outcome.original,
        candidates=outcome.candidates,
        default_signature=draft.default_signature if draft else None,
        signatures=draft.signatures if draft else {},
        labels=job.labels,
        gate=(draft.gate if draft else None) or job.gate,
        source=draft.source if draft else None,
        requirements=draft.requirements if draft else None,
        runs=draft.runs if draft else {},
        images=draft.pictures if draft else None,
        load_milliseconds=draft.load_milliseconds if draft else None,
        latency_milliseconds=draft.latency_milliseconds if draft else None,
        size_bytes=draft.size_bytes if draft else None,
        tools=draft.tools if draft else {},
        isolation=outcome.isolation,
        reproduction=_reproduction(job),
        job=job,
    )


def _reproduction(job: Job) -> list[str]:
    command = "npx cdk-tensorflow"
    given = [step.student.given for step in job.recipe.steps if isinstance(step, Distillation) and step.student.given]
    if job.source.location is None:
        return _reproduction_here(f"{command} run --config job.json", job, given)
    run = f"{command} run --config job.json --source work/source"
    run += " --evaluation work/evaluation" if job.evaluation else ""
    run += "".join(f" --student work/students/{number:02}" for number in range(len(given)))
    return [f"{command} fetch --config job.json --directory work", f"{run} --output out"]


def _reproduction_here(command: str, job: Job, students: list[StudentModel]) -> list[str]:
    """Return how to reproduce the build with files that are only on this machine."""
    inputs: list[tuple[str, Source | Evaluation | StudentModel]] = [("source", job.source)]
    inputs += [("evaluation", job.evaluation)] if job.evaluation else []
    inputs += [("student", student) for student in students]
    comments = []
    for option, entry in inputs:
        name = entry.file_name or f"{option}/"
        comments.append(f"# {name} has the digest {entry.identity.digest}")
        command += f" --{option} {shlex.quote(name)}"
    return [*comments, f"{command} --output out"]
