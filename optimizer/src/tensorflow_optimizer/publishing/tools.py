"""The packages that determine a model's bytes, with their licences."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from ..processes.environment import DISTRIBUTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_NAME = 100


@dataclass(frozen=True)
class Tool:
    """One package."""

    name: str
    """Name of the package's distribution."""
    version: str
    expression: str | None = None
    """Licence as an SPDX expression."""
    license: str | None = None
    """Licence in its owner's words, where there is no expression."""


def tools_of(versions: Mapping[str, str]) -> list[Tool]:
    """Return the packages that a draft names, with the licences that the installed packages declare.

    A package that is not installed here in that version has no licence: nobody has looked.
    """
    return [_tool(name, version) for name, version in sorted(versions.items()) if name in DISTRIBUTIONS]


def _tool(name: str, version: str) -> Tool:
    for distribution in DISTRIBUTIONS[name]:
        try:
            package = metadata.metadata(distribution)
        except metadata.PackageNotFoundError:
            continue
        if package["Version"] == version:
            return Tool(distribution, version, package.get("License-Expression"), _name_of_license(package))
    return Tool(DISTRIBUTIONS[name][0], version)


def _name_of_license(package: metadata.PackageMetadata) -> str | None:
    said = (package.get("License") or "").strip()
    if said and "\n" not in said and len(said) <= _LONGEST_NAME:
        return said
    classifiers = [entry for entry in package.get_all("Classifier") or [] if entry.startswith("License :: ")]
    return classifiers[0].rsplit(" :: ", 1)[-1] if classifiers else None
