"""fetched.json: what a build read from S3. It becomes part of the manifest, under `extra.fetched`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from pydantic import ValidationError

from ..documents.document import Document, problems_of
from ..documents.job import Packaging
from ..errors import OptimizerError

if TYPE_CHECKING:
    from pathlib import Path

FETCHED_FILE = "fetched.json"


class IdentityCheck(StrEnum):
    """Check of the identity in the job against what arrived."""

    CONTENT = "content"
    """The given digest is the SHA-256 of what arrived."""
    ASSET_HASH = "assetHash"
    """The given digest is a hash of the asset, which names the object; it is no digest of its bytes."""
    OBJECT_VERSION = "objectVersion"
    """The given version was read."""
    NONE = "none"
    """The job says nothing that the content could be compared with."""


class FetchedObject(Document):
    """One object that was read."""

    key: str
    version: str | None = None
    size: int
    sha256: str
    checks: list[str]
    """The checksum of S3 that the content was compared with."""


class FetchedInput(Document):
    """The model, the evaluation data, or a student."""

    packaging: Packaging
    bucket: str
    key: str
    identity: IdentityCheck
    digest: str
    """SHA-256 over the sorted `sha256  path` lines of the files that were laid out."""
    files: int
    size: int
    """Size in bytes of the files that were laid out."""
    objects: list[FetchedObject]


class Fetched(Document):
    """All that a build read."""

    schema_version: Literal[1] = 1
    source: FetchedInput
    evaluation: FetchedInput | None = None
    students: tuple[FetchedInput, ...] = ()
    """The given ones, in the order of the job's steps."""


def read_fetched(directory: Path) -> Fetched | None:
    """Read fetched.json from the directory that `fetch` filled; None where the input never came from S3.

    Raises:
        OptimizerError: it is not whole.
    """
    path = directory / FETCHED_FILE
    if not path.is_file():
        return None
    try:
        return Fetched.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise OptimizerError(
            f"{path} is not what `fetch` leaves ({problems_of(error)}); fetch the job's inputs again"
        ) from error
