"""Downloads a job's model and evaluation data from S3 to a directory."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..documents.job import Distillation, Evaluation, Identity, Location, Packaging, Source, StudentModel
from ..errors import BadInputError
from ..sources.digest import digest_of
from ..storage.digests import files_below
from .fetched import FETCHED_FILE, Fetched, FetchedInput, FetchedObject, IdentityCheck
from .unpacking import safe_relative, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..documents.job import Job
    from ..storage.s3 import Bucket
    from ..storage.stored_object import StoredObject

JOB_FILE = "job.json"
SOURCE_DIRECTORY = "source"
EVALUATION_DIRECTORY = "evaluation"
#: Contains a directory for each given student: 00, 01, … in the order of the job's steps.
STUDENTS_DIRECTORY = "students"
SERVING_DIRECTORY = "serving"
_LAID_OUT = (SOURCE_DIRECTORY, EVALUATION_DIRECTORY, STUDENTS_DIRECTORY, SERVING_DIRECTORY)
_CONNECTIONS = 8


def fetch_inputs(job: Job, directory: Path, bucket_of: Callable[[str], Bucket], log: Callable[[str], None]) -> Fetched:
    """Download a job's source, evaluation data and students, and record what was read.

    Args:
        job: The job.
        directory: Gets `source/`, `evaluation/` (if the job has evaluation data), `students/<number>/` and
            `fetched.json`.
        bucket_of: Returns a bucket by its name.
        log: Receives one line about each input.
    """
    _make_way(directory)
    source = _fetch(job.source, "source", directory / SOURCE_DIRECTORY, bucket_of, log)
    evaluation = job.evaluation and _fetch(
        job.evaluation, "evaluation", directory / EVALUATION_DIRECTORY, bucket_of, log
    )
    given = [step.student.given for step in job.recipe.steps if isinstance(step, Distillation) and step.student.given]
    students = [
        _fetch(entry, f"student {number}", directory / STUDENTS_DIRECTORY / f"{number:02}", bucket_of, log)
        for number, entry in enumerate(given)
    ]
    fetched = Fetched(source=source, evaluation=evaluation, students=tuple(students))
    (directory / FETCHED_FILE).write_text(fetched.to_json(), encoding="utf-8")
    return fetched


def _make_way(directory: Path) -> None:
    """Remove the files of an earlier fetch, and nothing else, so that old files are not mistaken for new ones."""
    record = directory / FETCHED_FILE
    for name in _LAID_OUT:
        target = directory / name
        if target.is_symlink() or (target.exists() and not record.is_file()):
            raise BadInputError(f"{target} exists and was not fetched: give another --directory, or remove it")
    for name in _LAID_OUT:
        if (directory / name).exists():
            shutil.rmtree(directory / name)
    record.unlink(missing_ok=True)


def _fetch(
    requested: Source | Evaluation | StudentModel,
    what: str,
    target: Path,
    bucket_of: Callable[[str], Bucket],
    log: Callable[[str], None],
) -> FetchedInput:
    location = _located(requested, what)
    bucket = bucket_of(location.bucket)
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        objects = _PACKAGINGS[requested.packaging](requested, what, location, bucket, partial)
        files = files_below(partial)
        digest = digest_of(partial, files)
        identity = _identify(requested.identity, what, location, objects, digest)
        fetched = FetchedInput(
            packaging=requested.packaging,
            bucket=location.bucket,
            key=location.key,
            identity=identity,
            digest=digest,
            files=len(files),
            size=sum(path.stat().st_size for path in files),
            objects=[
                FetchedObject(
                    key=stored.key,
                    version=stored.version,
                    size=stored.size,
                    sha256=stored.sha256 or "",
                    checks=stored.checks,
                )
                for stored in objects
            ],
        )
        partial.rename(target)  # Only a whole input ever has its final name.
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    log(_line(what, bucket, location, fetched))
    return fetched


def _located(requested: Source | Evaluation | StudentModel, what: str) -> Location:
    if requested.location is None:
        raise BadInputError(
            f"the job's {what} has no location: give {what}.location.bucket and {what}.location.key, "
            "or call `run` with the files that are here"
        )
    pinned, said = requested.identity.object_version, requested.location.object_version
    if pinned and said and pinned != said:
        raise BadInputError(
            f"the job's {what} names two versions: {pinned!r} as identity, {said!r} as location; give one"
        )
    version = said or pinned
    if version and requested.packaging is Packaging.PREFIX:
        raise BadInputError(
            f"the job's {what} is a prefix and names the object version {version!r}: a version belongs to one object; "
            "give a revision instead, or a ZIP"
        )
    return requested.location.model_copy(update={"object_version": version})


def _fetch_file(
    requested: Source | Evaluation | StudentModel, what: str, location: Location, bucket: Bucket, target: Path
) -> list[StoredObject]:
    name = requested.file_name or location.key.rsplit("/", 1)[-1]
    path = safe_relative(name, f"the job's {what}")
    if len(path.parts) != 1:
        raise BadInputError(f"the job's {what} has the fileName {name!r}: give a name without directories")
    return [bucket.download(location.key, target / path, version=location.object_version)]


def _fetch_zip(
    _: Source | Evaluation | StudentModel, __: str, location: Location, bucket: Bucket, target: Path
) -> list[StoredObject]:
    archive = target.with_name(f"{target.name}.zip")
    try:
        stored = bucket.download(location.key, archive, version=location.object_version)
        unpack(archive, target, bucket.address(location.key, location.object_version))
    finally:
        archive.unlink(missing_ok=True)
    return [stored]


def _fetch_prefix(
    _: Source | Evaluation | StudentModel, what: str, location: Location, bucket: Bucket, target: Path
) -> list[StoredObject]:
    where = bucket.address(location.key)
    if not location.key.endswith("/"):
        raise BadInputError(f"the job's {what} has the prefix {location.key!r}: a prefix ends with a slash")
    # The S3 console represents folders by empty objects whose names end with a slash.
    listed = [item for item in bucket.list_objects(location.key) if not (item.key.endswith("/") and item.size == 0)]
    if not listed:
        raise BadInputError(f"there is no object below {where}: check the prefix, and that the upload has finished")
    paths = {item.key: target / safe_relative(item.key.removeprefix(location.key), where) for item in listed}
    for path in paths.values():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise BadInputError(f"{where} has objects that cannot be files side by side: {error.filename}") from error
    if clash := next((key for key, path in paths.items() if path.is_dir()), None):
        raise BadInputError(f"{bucket.address(clash)} is an object, and there are objects below it as a directory")
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        downloads = [pool.submit(bucket.download, item.key, paths[item.key], etag=item.etag) for item in listed]
        try:
            return [download.result() for download in downloads]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


_PACKAGINGS = {Packaging.FILE: _fetch_file, Packaging.ZIP: _fetch_zip, Packaging.PREFIX: _fetch_prefix}


def _identify(
    identity: Identity, what: str, location: Location, objects: list[StoredObject], digest: str
) -> IdentityCheck:
    given = identity.digest
    if given:
        contents = {digest} if len(objects) != 1 else {digest, objects[0].sha256}
        if given.lower() in contents:
            return IdentityCheck.CONTENT
        # An asset's object is named by its hash, so the name identifies the content.
        if location.key.rsplit("/", 1)[-1].split(".", 1)[0] == given:
            return IdentityCheck.ASSET_HASH
        raise BadInputError(
            f"the job's {what} should have the digest {given}, but s3://{location.bucket}/{location.key} has the "
            f"SHA-256 {objects[0].sha256 if len(objects) == 1 else digest}: it is not what the job was written for"
        )
    return IdentityCheck.OBJECT_VERSION if location.object_version else IdentityCheck.NONE


def _line(what: str, bucket: Bucket, location: Location, fetched: FetchedInput) -> str:
    claims = {
        IdentityCheck.CONTENT: "the job's digest",
        IdentityCheck.ASSET_HASH: "the asset hash in its key",
        IdentityCheck.OBJECT_VERSION: "the object version",
        IdentityCheck.NONE: "",
    }
    checks = sorted({check for stored in fetched.objects for check in stored.checks})
    compared = ", ".join([*checks, *filter(None, [claims[fetched.identity]])])
    single = fetched.objects[0] if len(fetched.objects) == 1 else None
    where = bucket.address(location.key, single.version if single else None)
    count = "1 file" if fetched.files == 1 else f"{fetched.files:,} files"
    return f"{what}: {where}, {count}, {fetched.size / 1e6:.2f} MB, digest {fetched.digest}; compared: {compared}"
