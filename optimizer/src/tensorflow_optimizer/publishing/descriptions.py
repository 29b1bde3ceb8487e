"""Publishes the documents that describe a version: its bill of materials, its provenance, its profile and its API.

The API of a LiteRT model is described beside the model, by a file that its servers read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.bill_of_materials import BOM_FILE
from ..documents.document import sha256_of
from ..documents.job import ModelFormat
from ..documents.manifest import File
from ..documents.profile import PROFILE_FILE
from ..documents.provenance import PROVENANCE_FILE, ResourceDescriptor
from ..openapi import OPENAPI_FILE
from .bill_of_materials import bill_of_materials
from .materials import materials_of
from .openapi import openapi_of
from .provenance import provenance

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..documents.standard import StandardDocument
    from ..fetching.fetched import Fetched
    from ..storage.stored_object import StoredObject
    from .artifacts import Publication
    from .target import Target


def publish_descriptions(  # noqa: PLR0913, PLR0917 - facts of one version
    publication: Publication,
    target: Target,
    job: Job,
    fetched: Fetched | None,
    files: list[File],
    created: str,
    report: list[StoredObject],
) -> list[File]:
    """Upload the documents, and return their entries in the manifest. Only real data has a profile.

    Args:
        publication: The version.
        target: Where it is published, and by which build.
        job: What was asked for.
        fetched: Result of `fetch`; None if the input did not come from S3.
        files: The version's published files.
        created: When it was made, as in the manifest.
        report: The outcome and the report of the build, as they were uploaded.
    """
    draft = publication.draft
    materials = materials_of(job, draft, fetched)
    others = [*_upload_profile(publication), *_upload_openapi(publication)]
    bom = _upload(
        publication,
        BOM_FILE,
        bill_of_materials(
            draft,
            version=publication.version,
            build_key=target.build_key,
            created=created,
            files=files,
            materials=materials,
        ),
        "application/vnd.cyclonedx+json",
    )
    statement = provenance(
        job,
        files=[*files, bom, *others],
        server=draft.server,
        materials=materials,
        builder=target.builder,
        invocation=target.build_url or target.build_id,
        build_key=target.build_key,
        created=created,
        report=[
            ResourceDescriptor(
                name=stored.key.rpartition("/")[2],
                uri=target.bucket.address(stored.key),
                digest={"sha256": stored.sha256} if stored.sha256 else None,
            )
            for stored in report
        ],
    )
    return [bom, _upload(publication, PROVENANCE_FILE, statement, "application/vnd.in-toto+json"), *others]


def _upload_profile(publication: Publication) -> list[File]:
    path = publication.output / PROFILE_FILE
    return [_upload_bytes(publication, PROFILE_FILE, path.read_bytes(), "application/json")] if path.is_file() else []


def _upload_openapi(publication: Publication) -> list[File]:
    if publication.draft.format is ModelFormat.LITERT:
        return []
    content = openapi_of(publication.draft, publication.version, publication.output)
    return [_upload_bytes(publication, OPENAPI_FILE, content, "application/json")]


def _upload(publication: Publication, name: str, document: StandardDocument, content_type: str) -> File:
    return _upload_bytes(publication, name, document.to_json().encode(), content_type)


def _upload_bytes(publication: Publication, name: str, content: bytes, content_type: str) -> File:
    publication.upload(publication.key_prefix + name, content, content_type)
    return File(path=name, size=len(content), sha256=sha256_of(content))
