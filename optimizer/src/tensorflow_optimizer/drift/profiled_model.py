"""Reads the profile of a published version, or a profile by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from ..documents.document import problems_of, sha256_of
from ..documents.manifest import Manifest
from ..documents.profile import PROFILE_FILE, Profile
from ..errors import BadInputError
from ..storage.buckets import open_bucket

if TYPE_CHECKING:
    from collections.abc import Callable

_MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class ProfiledModel:
    """Profile with which a model's requests are compared."""

    profile: Profile
    version: int | None
    """Number of the version; None where the profile has no manifest with it."""


def read_profiled_model(place: str) -> ProfiledModel:
    """Read the profile of a version, and compare its SHA-256 with the manifest's.

    Args:
        place: `s3://<bucket>/<prefix>/<format>/<version>/`, a directory with a copy of it, or a profile.json.

    Raises:
        BadInputError: There is no profile, or it is not the manifest's.
    """
    if not place.startswith("s3://"):
        path = Path(place)
        if path.is_file() and path.name != _MANIFEST_FILE:
            return ProfiledModel(_parsed(place, path.read_bytes()), None)
        folder = path if path.is_dir() else path.parent
        return _of_version(str(folder), lambda name: (folder / name).read_bytes())
    parts = urlsplit(place)
    prefix = parts.path.lstrip("/").removesuffix(_MANIFEST_FILE).rstrip("/")
    if not parts.netloc or not prefix:
        raise BadInputError(f"{place} names no version: give s3://<bucket>/<prefix>/<format>/<version>/")
    bucket = open_bucket(parts.netloc)
    return _of_version(f"s3://{parts.netloc}/{prefix}", lambda name: bucket.read(f"{prefix}/{name}"))


def _of_version(place: str, read: Callable[[str], bytes]) -> ProfiledModel:
    try:
        manifest = Manifest.model_validate_json(read(_MANIFEST_FILE))
    except FileNotFoundError as error:
        raise BadInputError(f"there is no {place}/{_MANIFEST_FILE}: give the directory of a version") from error
    except ValidationError as error:
        raise BadInputError(
            f"{place}/{_MANIFEST_FILE} is not a manifest of this version of the optimizer "
            f"({problems_of(error)[:300]}): use the optimizer that made it"
        ) from error
    listed = next((file for file in manifest.documents if file.path == PROFILE_FILE), None)
    if listed is None:
        raise BadInputError(
            f"version {manifest.version} of {manifest.model} has no {PROFILE_FILE}, because it was published without "
            "evaluation data, or by an older optimizer: give evaluation data, and publish a version with it"
        )
    content = read(PROFILE_FILE)
    if sha256_of(content) != listed.sha256:
        raise BadInputError(
            f"{place}/{PROFILE_FILE} has the SHA-256 {sha256_of(content)}, and the manifest says {listed.sha256}"
        )
    return ProfiledModel(_parsed(f"{place}/{PROFILE_FILE}", content), manifest.version)


def _parsed(place: str, content: bytes) -> Profile:
    try:
        return Profile.model_validate_json(content)
    except ValidationError as error:
        raise BadInputError(f"{place} is not a profile ({problems_of(error)[:300]})") from error
