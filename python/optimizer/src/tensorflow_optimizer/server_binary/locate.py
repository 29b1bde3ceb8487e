"""Finds a file of an image: overlays the layers, as a container does.

See https://github.com/opencontainers/image-spec/blob/main/layer.md for whiteouts.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from .layer import Entry, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_LINKS = 40
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class _Entries(Protocol):
    @property
    def entries(self) -> Mapping[str, Entry]: ...


L = TypeVar("L", bound=_Entries)


class NotThereError(Exception):
    """The image has no such file. The text says why, as the end of a sentence."""


class Stack(Generic[L]):
    """The layers of an image from the topmost down, each taken only when those above do not answer."""

    def __init__(self, layers: Iterable[L]) -> None:
        self._rest = iter(layers)
        self._seen: list[L] = []

    def locate(self, path: str) -> tuple[L, str]:
        """Return the layer that has the content of a file, and the name that it has there.

        Raises:
            NotThereError: no regular file is at this path.
        """
        links = 0
        number, directories = 0, set[str]()
        while (layer := self._layer(number)) is not None:
            moved = _ancestor_link(layer.entries, path, directories)
            entry = layer.entries.get(path)
            if moved is None and entry is not None:
                if entry.kind is Kind.FILE:
                    return layer, path
                if entry.kind is Kind.HARD_LINK:
                    # To a name of this layer or of one below.
                    path, directories, links = entry.target, set(), links + 1
                    _count(links)
                    continue
                if entry.kind is not Kind.SYMBOLIC_LINK:
                    raise NotThereError(f"/{path} is {entry.kind.value}")
                moved = _target(path, entry.target)
            if moved is not None:
                links += 1
                _count(links)
                path, number, directories = moved, 0, set()
                continue
            if _hides(layer.entries, path):
                break
            number += 1
        raise NotThereError(f"it has no file /{path}")

    def _layer(self, number: int) -> L | None:
        while len(self._seen) <= number:
            layer = next(self._rest, None)
            if layer is None:
                return None
            self._seen.append(layer)
        return self._seen[number]


def _ancestors(path: str) -> list[str]:
    """Return the directories above a path, from the root's child down."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _ancestor_link(entries: Mapping[str, Entry], path: str, directories: set[str]) -> str | None:
    """Return where a path leads when one of its directories is a link.

    What a higher layer has as a directory stays one, whatever a lower layer calls it.
    """
    for ancestor in _ancestors(path):
        entry = entries.get(ancestor)
        if entry is None or ancestor in directories:
            continue
        if entry.kind is Kind.DIRECTORY:
            directories.add(ancestor)
        elif entry.kind is Kind.SYMBOLIC_LINK:
            return posixpath.join(_target(ancestor, entry.target), path[len(ancestor) + 1 :])
        else:
            raise NotThereError(f"/{ancestor} is {entry.kind.value}")
    return None


def _hides(entries: Mapping[str, Entry], path: str) -> bool:
    """Tell whether a layer removes a path, or a directory above it, from the layers below."""
    paths = [*_ancestors(path), path]
    removed = (posixpath.join(posixpath.dirname(one), _WHITEOUT + posixpath.basename(one)) for one in paths)
    opaque = (posixpath.join(one, _OPAQUE) for one in ["", *paths[:-1]])
    return any(name in entries for name in (*removed, *opaque))


def _target(link: str, target: str) -> str:
    """Return what a symbolic link means. As in a container, nothing leads out of the root."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(link), target)).strip("/")


def _count(links: int) -> None:
    if links > _MOST_LINKS:
        raise NotThereError("its links lead in a circle")
