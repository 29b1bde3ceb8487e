"""Publishes the results of `run`: always the outcome, and the model after success."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.published_versions import SUCCEEDED, record_key
from pydantic import ValidationError

from ..documents.document import sha256_of
from ..documents.draft import DRAFT_FILE, OUTCOME_FILE, read_draft, to_manifest
from ..documents.job import Job, Packaging
from ..documents.outcome import Outcome
from ..documents.record import Record
from ..errors import BadInputError, ExitCode, OptimizerError
from .artifacts import Publication, publish_files
from .builds import upload_build
from .claims import claim_version
from .descriptions import publish_descriptions
from .output import REPORT_FILES, open_output
from .record import find_complete
from .server import publish_server
from .summary import summarize, summarize_isolation

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..documents.manifest import Draft, Extra
    from ..fetching.fetched import Fetched
    from ..storage.stored_object import StoredObject
    from .output import TakenOutput
    from .target import Target

MANIFEST_FILE = "manifest.json"
RECORD_FILE = "record.json"
#: Fields that a draft repeats from its job.
_COMMON = ("model", "format", "architecture", "recipe", "labels")


def read_outcome(taken: TakenOutput) -> Outcome:
    """Take the outcome of a build."""
    where = taken.output / OUTCOME_FILE
    if not taken.take(OUTCOME_FILE):
        raise OptimizerError(
            f"there is no {where}: the build ended before it could say how (its log has the reason; a process that is "
            "killed without a word has used up the memory), so there is nothing to publish"
        )
    try:
        return Outcome.model_validate_json((taken.directory / OUTCOME_FILE).read_bytes())
    except ValidationError as error:
        raise OptimizerError(f"{where} is not a whole outcome: {error}") from error


def publish_build(
    target: Target, job: Job | None, output: Path, fetched: Fetched | None, log: Callable[[str], None]
) -> Record | None:
    """Upload a build's outcome, and its artifacts after exit code 0.

    Args:
        target: Where to publish.
        job: The job; None if the build failed before it could be read.
        output: Output directory of `run`.
        fetched: Result of `fetch`; None if the input did not come from S3.
        log: Receives one line about each step.

    Returns:
        The record for this build key, or None if nothing is published.
    """
    with open_output(output) as (taken, scratch):
        return _publish_taken(target, job, taken, scratch, fetched, log)


def _publish_taken(  # noqa: PLR0913, PLR0917 - what a build is
    target: Target,
    job: Job | None,
    taken: TakenOutput,
    scratch: Path,
    fetched: Fetched | None,
    log: Callable[[str], None],
) -> Record | None:
    outcome = read_outcome(taken)
    for name in REPORT_FILES:
        taken.take(name)
    uploaded = upload_build(target.bucket, target.prefix, target.build_id, taken.directory)
    log(f"report: {target.bucket.address(f'{target.prefix}/builds/{target.build_id}/')} ({len(uploaded)} files)")
    if outcome.exit_code is not ExitCode.DONE:
        log(f"nothing is published: {outcome.sentence}")
        return None
    if not target.succeeding:
        raise OptimizerError(
            "the build has failed (CODEBUILD_BUILD_SUCCEEDING is not 1), so nothing but its report is published, "
            "whatever its outcome says: its log has the reason"
        )
    if job is None:
        raise OptimizerError("the build ended well, but its job.json is missing: give it with --config")
    if not all(upload.version and upload.version != "null" for upload in uploaded):
        raise OptimizerError(
            f"the bucket {target.bucket.name} keeps no versions, and a deployment pins the object version that it "
            "serves: turn on versioning for the bucket"
        )
    taken.take_all()
    build = _Build(target, job, taken, scratch, fetched, outcome.isolation, uploaded, log)
    draft = _read_matching_draft(taken, job, target.build_key)
    adopted = find_complete(target.bucket, target.prefix, target.build_key)
    if adopted is None:
        adopted = _publish_version(build, draft)
    else:
        log(f"version {adopted.version} was made from the same inputs and is whole: it is used, nothing is published")
    taken.leave(RECORD_FILE, adopted.to_bytes())
    return adopted


@dataclass(frozen=True)
class _Build:
    """A build that ended well."""

    target: Target
    job: Job
    taken: TakenOutput
    scratch: Path
    fetched: Fetched | None
    isolation: dict[str, str]
    uploaded: list[StoredObject]
    """Outcome and report."""
    log: Callable[[str], None]


def _read_matching_draft(taken: TakenOutput, job: Job, key: str) -> Draft:
    draft, output = read_draft(taken.directory), taken.output
    pairs = {name: (getattr(draft, name), getattr(job, name)) for name in _COMMON}
    pairs["server"] = (draft.server and draft.server.image, job.server and job.server.image)
    for name, (made, asked) in pairs.items():
        if made != asked:
            raise BadInputError(
                f"{output} was not made from this job: its {name} is {made!s}, and the job asks for {asked!s}; "
                "run the job again, or give the --config that it was made from"
            )
    if draft.build_key not in {None, key}:
        raise BadInputError(
            f"{output} was not made from this job: it was made from one with the build key {draft.build_key}, and that "
            f"of this one is {key}; run the job again, or give the --config that it was made from"
        )
    return draft


def _publish_version(build: _Build, draft: Draft) -> Record:
    target, bucket, prefix, output = build.target, build.target.bucket, build.target.prefix, build.taken.directory
    created = datetime.fromtimestamp((output / DRAFT_FILE).stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = claim_version(bucket, prefix, build_id=target.build_id, build_key=target.build_key)
    build.log(f"version {version} of {prefix} ({draft.format.value})")
    if draft.server is not None:
        draft = draft.model_copy(update={"server": publish_server(bucket, draft.server, output, build.log)})
    publication = Publication(bucket, prefix, version, draft, output, build.scratch, build.log)
    published = publish_files(publication)
    record = Record(
        status=SUCCEEDED,
        version=str(version),
        key_prefix=publication.key_prefix,
        manifest_key=publication.key_prefix + MANIFEST_FILE,
        manifest_sha256="",
        report_key=f"{prefix}/builds/{target.build_id}/report.html",
        build_url=target.build_url,
        server_key=draft.server.key if draft.server else "",
        server_sha256=draft.server.sha256 if draft.server else "",
        summary=summarize(draft),
        isolation=summarize_isolation(build.isolation),
        **published.values,
    )
    record.to_bytes()  # Too long a record is refused before there is a manifest.
    manifest = to_manifest(
        _with_provenance(draft, build),
        version=version,
        files=published.files,
        documents=publish_descriptions(
            publication, target, build.job, build.fetched, published.files, created, build.uploaded
        ),
        golden_sha256=published.golden_sha256,
        created=created,
        build_id=target.build_id,
        build_key=target.build_key,
    )
    text = manifest.to_json().encode()
    publication.upload(record.manifest_key, text, "application/json")
    build.taken.leave(MANIFEST_FILE, text)

    # Another build of the same inputs may have finished in the meantime: both must return the same record.
    other = find_complete(bucket, prefix, target.build_key)
    if other is not None:
        build.log(
            f"version {other.version} was published meanwhile from the same inputs: it is used, {version} stays unused"
        )
        return other
    # Last of all: with it, everything of the version is there, and the build has succeeded.
    record = record.model_copy(update={"manifest_sha256": sha256_of(text)})
    bucket.create(record_key(prefix, target.build_key, version), record.to_bytes(), "application/json")
    return find_complete(bucket, prefix, target.build_key) or record


def _with_provenance(draft: Draft, build: _Build) -> Draft:
    """Add how the model was isolated when it was opened, and the objects that were read from S3."""
    fetched, source = build.fetched, draft.source
    extra: Extra = {**draft.extra}
    if build.isolation:
        extra["isolation"] = build.isolation
    if fetched is None:
        return draft.model_copy(update={"extra": extra})
    if fetched.source.packaging is not Packaging.PREFIX and source.object_version is None:
        source = source.model_copy(update={"object_version": fetched.source.objects[0].version})
    return draft.model_copy(update={"source": source, "extra": {**extra, "fetched": fetched.to_data()}})
