"""Publishes the results of `run`: always the outcome, and the model after success."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.published_versions import record_key
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
from .record import find_complete
from .server import publish_server
from .summary import summarize

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..documents.manifest import Draft
    from ..fetching.fetched import Fetched
    from .target import Target

MANIFEST_FILE = "manifest.json"
RECORD_FILE = "record.json"
#: Fields that a draft repeats from its job.
_COMMON = ("model", "format", "architecture", "recipe", "labels")


def read_outcome(output: Path) -> Outcome:
    """Read the outcome of a build."""
    path = output / OUTCOME_FILE
    try:
        return Outcome.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise OptimizerError(
            f"there is no {path}: the build ended before it could say how (its log has the reason; a process that is "
            "killed without a word has used up the memory), so there is nothing to publish"
        ) from error
    except (OSError, ValidationError) as error:
        raise OptimizerError(f"{path} is not a whole outcome: {error}") from error


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
    outcome = read_outcome(output)
    uploaded = upload_build(target.bucket, target.prefix, target.build_id, output)
    log(f"report: {target.bucket.address(f'{target.prefix}/builds/{target.build_id}/')} ({len(uploaded)} files)")
    if outcome.exit_code is not ExitCode.DONE:
        log(f"nothing is published: {outcome.sentence}")
        return None
    if job is None:
        raise OptimizerError("the build ended well, but its job.json is missing: give it with --config")
    if not all(upload.version and upload.version != "null" for upload in uploaded):
        raise OptimizerError(
            f"the bucket {target.bucket.name} keeps no versions, and a deployment pins the object version that it "
            "serves: turn on versioning for the bucket"
        )
    draft = _read_matching_draft(output, job, target.build_key)
    adopted = find_complete(target.bucket, target.prefix, target.build_key)
    if adopted is None:
        adopted = _publish_version(target, job, draft, output, fetched, log)
    else:
        log(f"version {adopted.version} was made from the same inputs and is whole: it is used, nothing is published")
    (output / RECORD_FILE).write_bytes(adopted.to_bytes())
    return adopted


def _read_matching_draft(output: Path, job: Job, key: str) -> Draft:
    draft = read_draft(output)
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


def _publish_version(  # noqa: PLR0913, PLR0917 - what a build is
    target: Target, job: Job, draft: Draft, output: Path, fetched: Fetched | None, log: Callable[[str], None]
) -> Record:
    bucket, prefix = target.bucket, target.prefix
    created = datetime.fromtimestamp((output / DRAFT_FILE).stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    version = claim_version(bucket, prefix, build_id=target.build_id, build_key=target.build_key)
    log(f"version {version} of {prefix} ({draft.format.value})")
    if draft.server is not None:
        draft = draft.model_copy(update={"server": publish_server(bucket, draft.server, output, log)})
    with tempfile.TemporaryDirectory(prefix=".publish-", dir=output) as scratch:
        publication = Publication(bucket, prefix, version, draft, output, Path(scratch), log)
        published = publish_files(publication)
        record = Record(
            version=str(version),
            key_prefix=publication.key_prefix,
            manifest_key=publication.key_prefix + MANIFEST_FILE,
            manifest_sha256="",
            report_key=f"{prefix}/builds/{target.build_id}/report.html",
            build_url=target.build_url,
            server_key=draft.server.key if draft.server else "",
            server_sha256=draft.server.sha256 if draft.server else "",
            summary=summarize(draft),
            **published.values,
        )
        record.to_bytes()  # Too long a record is refused before there is a manifest.
        manifest = to_manifest(
            _with_provenance(draft, fetched),
            version=version,
            files=published.files,
            documents=publish_descriptions(publication, target, job, fetched, published.files, created),
            golden_sha256=published.golden_sha256,
            created=created,
            build_id=target.build_id,
            build_key=target.build_key,
        )
        text = manifest.to_json().encode()
        publication.upload(record.manifest_key, text, "application/json")
    (output / MANIFEST_FILE).write_bytes(text)

    # Another build of the same inputs may have finished in the meantime: both must return the same record.
    other = find_complete(bucket, prefix, target.build_key)
    if other is not None:
        log(f"version {other.version} was published meanwhile from the same inputs: it is used, {version} stays unused")
        return other
    record = record.model_copy(update={"manifest_sha256": sha256_of(text)})
    bucket.create(record_key(prefix, target.build_key, version), record.to_bytes(), "application/json")
    return find_complete(bucket, prefix, target.build_key) or record


def _with_provenance(draft: Draft, fetched: Fetched | None) -> Draft:
    """Add the objects that were read from S3."""
    if fetched is None:
        return draft
    source = draft.source
    if fetched.source.packaging is not Packaging.PREFIX and source.object_version is None:
        source = source.model_copy(update={"object_version": fetched.source.objects[0].version})
    return draft.model_copy(update={"source": source, "extra": {**draft.extra, "fetched": fetched.to_data()}})
