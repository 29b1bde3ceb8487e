"""Mirrors of registries that limit anonymous downloads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .reference import DOCKER_HUB_API

if TYPE_CHECKING:
    from .reference import ImageReference

#: The mirror of each registry, both as hosts of their APIs. Google's keeps the popular images of Docker Hub only.
MIRRORS = {DOCKER_HUB_API: "mirror.gcr.io"}


def mirror_of(reference: ImageReference) -> ImageReference | None:
    """Return the same image at the mirror of its registry, and None if there is no mirror."""
    mirror = MIRRORS.get(reference.registry)
    return replace(reference, registry=mirror) if mirror else None
