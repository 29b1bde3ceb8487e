"""Decides which versions and builds of a model are removed. Nothing here reads or writes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DAY = 86_400
#: Number of versions that are kept whatever the settings say.
FEWEST_VERSIONS = 2


@dataclasses.dataclass(frozen=True)
class Version:
    """A version in the bucket.

    Attributes:
        number: Its number.
        key_prefix: Prefix of its files, with a slash at the end.
        modified: When its last file was written, in seconds since 1970.
        has_manifest: Whether it was published completely, and not removed in part.
        build: ID of the build that made it; empty if unknown.
    """

    number: int
    key_prefix: str
    modified: float
    has_manifest: bool
    build: str = ""

    @property
    def manifest_key(self) -> str:
        """Key of its manifest."""
        return f"{self.key_prefix}manifest.json"


@dataclasses.dataclass(frozen=True)
class Retention:
    """Versions to keep besides those that are needed.

    Attributes:
        versions: How many of the newest published versions.
        age: Everything younger than this, in seconds.
    """

    versions: int
    age: float

    @property
    def fewest(self) -> int:
        """Number of versions that are kept."""
        return max(self.versions, FEWEST_VERSIONS)

    @property
    def youngest(self) -> float:
        """Minimum age of what may be removed, in seconds."""
        return max(self.age, DAY)


def reasons_to_keep(
    versions: Iterable[Version], needed: Mapping[int, str], retention: Retention, now: float
) -> dict[int, str]:
    """Return why each version that is kept is kept, by its number. Every other one may be removed.

    Args:
        versions: All versions of the model.
        needed: Reasons of versions that something names.
        retention: What else to keep.
        now: The time, in seconds since 1970.
    """
    listed = list(versions)
    published = sorted((entry.number for entry in listed if entry.has_manifest), reverse=True)
    newest = set(published[: retention.fewest])
    reasons: dict[int, str] = {}
    for version in listed:
        if version.number in needed:
            reasons[version.number] = needed[version.number]
        elif version.number in newest:
            reasons[version.number] = f"it is one of the newest {retention.fewest}"
        elif now - version.modified < retention.youngest:
            reasons[version.number] = f"it is younger than {retention.youngest / DAY:g} days"
    return reasons


def removable_builds(builds: Mapping[str, float], kept: Iterable[str], retention: Retention, now: float) -> list[str]:
    """Return the builds whose reports may be removed.

    Args:
        builds: When each build wrote its last file, in seconds since 1970, by its ID.
        kept: Builds that made a version that is kept, or whose report a document names.
        retention: What else to keep.
        now: The time, in seconds since 1970.
    """
    named = set(kept)
    return sorted(build for build, at in builds.items() if build not in named and now - at >= retention.youngest)
