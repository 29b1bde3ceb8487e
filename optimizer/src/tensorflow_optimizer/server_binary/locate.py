"""Finds a file of an image by overlaying the layers, as a container does.

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
    """The image has no such file. The message completes a sentence."""


class Stack(Generic[L]):
    """The layers of an image from the top down, each downloaded only if those above do not decide."""

    def __init__(self, layers: Iterable[L]) -> None:
        self._rest = iter(layers)
        self._seen: list[L] = []

    def locate(self, path: str) -> tuple[L, str]:
        """Return the layer with the content of a file, and the file's name there.

        Raises:
            NotThereError: There is no regular file at this path.
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
                    # The target is in this layer or one below.
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
    """Resolve a path whose directory is a link.

    A directory in a higher layer stays one, whatever a lower layer has there.
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
    removed = (posixpath.join(posixpath.dirname(path), _WHITEOUT + posixpath.basename(path)) for path in paths)
    opaque = (posixpath.join(entry, _OPAQUE) for entry in ["", *paths[:-1]])
    return any(name in entries for name in (*removed, *opaque))


def _target(link: str, target: str) -> str:
    """Return the target of a symbolic link. As in a container, it cannot leave the root."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(link), target)).strip("/")


def _count(links: int) -> None:
    if links > _MOST_LINKS:
        raise NotThereError("its links lead in a circle")
