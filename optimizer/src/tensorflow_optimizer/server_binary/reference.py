"""Parses an image's name, as in `docker pull`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..errors import BadInputError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_REPOSITORY = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_HOST = re.compile(r"([\w.-]+|\[[0-9a-fA-F:]+\])(:\d+)?", re.ASCII)

#: Docker Hub's names, and the host of its API.
_DOCKER_HUB = {"docker.io", "index.docker.io", "registry-1.docker.io"}
DOCKER_HUB_API = "registry-1.docker.io"


@dataclass(frozen=True)
class ImageReference:
    """One image of one repository."""

    image: str
    """Reference of the image in the words of the user."""
    registry: str
    """Host of the API, with its port where one was given."""
    repository: str
    tag: str | None
    digest: str | None

    @property
    def tag_or_digest(self) -> str:
        """Return the part for the registry's API: with a digest, the tag is only for people."""
        return self.digest or self.tag or ""

    @property
    def base_url(self) -> str:
        """Return the base URL of the repository's API.

        Registries on this machine are used without TLS, as in Docker; all others with it.
        """
        return f"{'http' if self.is_local else 'https'}://{self.registry}/v2/{self.repository}"

    @property
    def is_local(self) -> bool:
        """Tell whether the registry runs on this machine."""
        host = re.sub(r":\d+$", "", self.registry).strip("[]")
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"


def parse_reference(image: str) -> ImageReference:
    """Split an image's name, with Docker Hub's defaults.

    Raises:
        BadInputError: It is not an image's name, or does not identify a release.
    """
    name, _, digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    first, _, rest = head.partition("/")
    # Read the first part as Docker does: without a dot or a port it is an account on Docker Hub, not a host.
    if head and ("." in first or ":" in first or first == "localhost"):
        registry, repository = first, "/".join(part for part in (rest, last) if part)
    else:
        registry, repository = "docker.io", f"{head}/{last}" if slash else f"library/{last}"
    wrong = (
        not _REPOSITORY.fullmatch(repository)
        or not _HOST.fullmatch(registry)
        or (tag and not _TAG.fullmatch(tag))
        or ("@" in image and not _DIGEST.fullmatch(digest))
    )
    if wrong:
        raise BadInputError(
            f"{image!r} is not the name of an image: give [registry/]repository:tag, or …@sha256:<64 digits>"
        )
    if not tag and not digest:
        raise BadInputError(f"{image!r} names no release: add a tag, such as :2.20.0, or a digest (@sha256:…)")
    api = DOCKER_HUB_API if registry in _DOCKER_HUB else registry
    return ImageReference(image, api, repository, tag or None, digest or None)
