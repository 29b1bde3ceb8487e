"""The files of a published version, and the order in which they are uploaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..documents.document import sha256_of
from ..documents.draft import CHECKSUMS_FILE, GOLDEN_FILE, LITERT_FILE, MODEL_DIRECTORY, describe
from ..documents.job import ModelFormat
from ..documents.manifest import Draft, File
from ..documents.text import TEXT_FILE, TextDescription
from ..errors import OptimizerError
from ..openapi import OPENAPI_FILE
from ..sources.digest import file_digest
from ..storage.digests import files_below
from .archive import write_archive
from .layer import DESCRIPTION_FILE, IN_LAYER, write_layer
from .openapi import openapi_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..storage.s3 import Bucket
    from ..storage.stored_object import StoredObject

LAYER_FILE = "layer.zip"
SAVED_MODEL_FILE = "saved_model.pb"


@dataclass(frozen=True)
class Publication:
    """A version that is being published."""

    bucket: Bucket
    prefix: str
    version: int
    draft: Draft
    output: Path
    """A copy of what `run` left, which nobody else can reach."""
    scratch: Path
    """An empty directory for files that are made on the way."""
    log: Callable[[str], None]

    @property
    def key_prefix(self) -> str:
        """Return the version's own prefix, with its slash."""
        return f"{self.prefix}/{self.draft.format.value}/{self.version}/"

    def upload(self, key: str, content: bytes | Path, content_type: str = "application/octet-stream") -> StoredObject:
        """Create one object and log it."""
        stored = self.bucket.create(key, content, content_type)
        self.log(f"  {self.bucket.address(key)}  {stored.size:,} bytes")
        return stored


@dataclass(frozen=True)
class Published:
    """The files of a version, with their part of its record."""

    files: list[File]
    values: dict[str, str]
    """Values for the version's record, by field."""
    golden_sha256: str | None = None


def publish_files(publication: Publication) -> Published:
    """Upload all files of a version except its manifest."""
    make = _publish_litert if publication.draft.format is ModelFormat.LITERT else _publish_saved_model
    golden = _publish_golden(publication)
    published = make(publication)
    if golden is None:
        return published
    return Published(published.files, {**published.values, "golden_key": golden.key}, golden.sha256)


def _publish_litert(publication: Publication) -> Published:
    model = publication.output / MODEL_DIRECTORY / LITERT_FILE
    if not model.is_file():
        raise OptimizerError(
            f"{MODEL_DIRECTORY}/{LITERT_FILE} is missing in the output of `run`: it was changed; run it again"
        )
    description = publication.scratch / DESCRIPTION_FILE
    described = describe(publication.draft, publication.version, file_digest(model))
    description.write_bytes(described.to_json().encode())
    openapi = publication.scratch / OPENAPI_FILE
    openapi.write_bytes(openapi_of(publication.draft, publication.version, publication.output))
    paths = {DESCRIPTION_FILE: description, OPENAPI_FILE: openapi, LITERT_FILE: model}
    paths |= _text_files(publication)
    layer = publication.scratch / LAYER_FILE
    write_layer(layer, paths)
    stored = publication.upload(publication.key_prefix + LAYER_FILE, layer, "application/zip")
    # Publish the files individually too, for pods: their images can copy and check files, but cannot unpack an
    # archive.
    checksums, files = _with_checksums(publication, paths)
    for name, path in {**paths, CHECKSUMS_FILE: checksums}.items():
        publication.upload(publication.key_prefix + name, path)
    in_layer = [
        File(path=f"{IN_LAYER}{file.path}", size=file.size, sha256=file.sha256) for file in files if file.path in paths
    ]
    return Published(
        files=[File(path=LAYER_FILE, size=stored.size, sha256=stored.sha256 or ""), *in_layer, *files],
        values={
            "checksums_sha256": files[-1].sha256,
            "layer_key": stored.key,
            "layer_object_version": stored.version or "",
            "runtime": described.runtime.value,
        },
    )


def _text_files(publication: Publication) -> dict[str, Path]:
    """Return the description of the text part and its tables, by name, after comparing them with their digests."""
    reference, directory = publication.draft.text, publication.output / MODEL_DIRECTORY
    if reference is None:
        return {}
    paths = {TEXT_FILE: directory / TEXT_FILE}
    if not paths[TEXT_FILE].is_file() or file_digest(paths[TEXT_FILE]) != reference.sha256:
        raise OptimizerError(f"{MODEL_DIRECTORY}/{TEXT_FILE} is not the one that `run` left; run it again")
    tables = TextDescription.model_validate_json(paths[TEXT_FILE].read_bytes()).tables
    for table in tables:
        paths[table.file] = directory / table.file
        if not paths[table.file].is_file() or file_digest(paths[table.file]) != table.sha256:
            raise OptimizerError(f"{MODEL_DIRECTORY}/{table.file} is not the one that `run` left; run it again")
    return paths


def _publish_saved_model(publication: Publication) -> Published:
    root = publication.output / MODEL_DIRECTORY
    paths = {path.relative_to(root).as_posix(): path for path in files_below(root)}
    if SAVED_MODEL_FILE not in paths:
        raise OptimizerError(
            f"{MODEL_DIRECTORY}/{SAVED_MODEL_FILE} is missing in the output of `run`: it was changed; run it again"
        )
    checksums, files = _with_checksums(publication, paths)

    archive = publication.scratch / "archive.tar.gz"
    write_archive(archive, {**paths, CHECKSUMS_FILE: checksums})
    archived = publication.upload(
        f"{publication.prefix}/archive/{publication.version}.tar.gz", archive, "application/gzip"
    )
    # A polling server considers a version complete when saved_model.pb appears, so upload it last.
    for name in sorted(paths, key=lambda name: (name == SAVED_MODEL_FILE, not name.startswith("variables/"), name)):
        publication.upload(publication.key_prefix + name, paths[name])
    publication.upload(publication.key_prefix + CHECKSUMS_FILE, checksums, "text/plain")
    return Published(
        files=files,
        values={
            "checksums_sha256": files[-1].sha256,
            "archive_key": archived.key,
            "archive_sha256": archived.sha256 or "",
        },
    )


def _with_checksums(publication: Publication, paths: dict[str, Path]) -> tuple[Path, list[File]]:
    """Write SHA256SUMS of files by their path in the version's directory, and add both to the list."""
    files = [
        File(path=name, size=paths[name].stat().st_size, sha256=file_digest(paths[name])) for name in sorted(paths)
    ]
    sums = "".join(f"{file.sha256}  {file.path}\n" for file in files).encode()
    checksums = publication.scratch / CHECKSUMS_FILE
    checksums.write_bytes(sums)
    return checksums, [*files, File(path=CHECKSUMS_FILE, size=len(sums), sha256=sha256_of(sums))]


def _publish_golden(publication: Publication) -> StoredObject | None:
    golden = publication.output / GOLDEN_FILE
    if not golden.is_file():
        return None
    return publication.upload(f"{publication.prefix}/golden/{publication.version}.json", golden, "application/json")
