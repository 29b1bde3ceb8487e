"""Manifests and indexes: find the layers of the image for the serving platform."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BadInputError
from ..hints import Hint
from .errors import BRING, MIRROR

if TYPE_CHECKING:
    from .reference import ImageReference

#: The only platform of TensorFlow Serving's official images.
OS, ARCHITECTURE = "linux", "amd64"

_INDEXES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_MANIFESTS = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
}
ACCEPT = ", ".join(sorted(_MANIFESTS | _INDEXES))
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Descriptor:
    """A manifest's reference to content."""

    digest: str
    size: int


@dataclass(frozen=True)
class ImageManifest:
    """One image for one platform."""

    config: Descriptor
    layers: list[Descriptor]
    """Layers from the lowest to the topmost."""


def read_manifest(reference: ImageReference, content: bytes, media_type: str) -> ImageManifest | Descriptor:
    """Return an image's manifest, or its location: an index refers to the manifest of each platform.

    Raises:
        BadInputError: There is none for linux/amd64, or its type is obsolete.
    """
    document = _object(reference, content)
    # Prefer the type in the body: registries answer with the type under which they stored it.
    kind = str(document.get("mediaType") or media_type.partition(";")[0].strip())
    if kind in _INDEXES or (kind not in _MANIFESTS and "manifests" in document):
        return _for_platform(reference, document)
    if "layers" not in document:
        raise BadInputError(
            f"{reference.image} has a manifest of the type {kind or 'unknown'}, and an OCI image manifest or Docker's "
            f"schema 2 is needed: push it again with a current tool, or {BRING}",
            Hint.SERVER_PROGRAM,
        )
    return ImageManifest(
        _descriptor(reference, document.get("config")),
        [_descriptor(reference, layer) for layer in _list(document["layers"])],
    )


def check_platform(reference: ImageReference, config: bytes) -> None:
    """Reject an image for another platform: without an index, only its configuration has the platform."""
    document = _object(reference, config)
    _refuse_others(reference, [f"{document.get('os', OS)}/{document.get('architecture', ARCHITECTURE)}"])


def _for_platform(reference: ImageReference, index: dict[str, Any]) -> Descriptor:
    platforms: dict[str, Descriptor] = {}
    for entry in _list(index.get("manifests")):
        platform = entry.get("platform") or {}
        name = f"{platform.get('os', 'unknown')}/{platform.get('architecture', 'unknown')}"
        # Attestations are entries for the platform unknown/unknown. The first of several variants is the base one.
        if name != "unknown/unknown":
            platforms.setdefault(name, _descriptor(reference, entry))
    _refuse_others(reference, list(platforms))
    return platforms[f"{OS}/{ARCHITECTURE}"]


def _refuse_others(reference: ImageReference, platforms: list[str]) -> None:
    if f"{OS}/{ARCHITECTURE}" not in platforms:
        raise BadInputError(
            f"{reference.image} is for {', '.join(platforms) or 'no platform'}, and {OS}/{ARCHITECTURE} is needed: "
            "TensorFlow Serving is served on x86_64; name an image for it"
        )


def _descriptor(reference: ImageReference, value: Any) -> Descriptor:
    digest, size = (value.get("digest"), value.get("size")) if isinstance(value, dict) else (None, None)
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not isinstance(size, int) or size < 0:
        raise BadInputError(
            f"the manifest of {reference.image} points at {json.dumps(value)[:200]}, which has no sha256 digest or no "
            f"size: push the image again with a current tool, or {MIRROR}",
            Hint.SERVER_IMAGE,
        )
    return Descriptor(digest, size)


def _object(reference: ImageReference, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise BadInputError(f"what {reference.registry} has as {reference.image} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInputError(f"what {reference.registry} has as {reference.image} is not a manifest")
    return document


def _list(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
