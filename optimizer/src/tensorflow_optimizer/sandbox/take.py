"""The one way by which files of a leaf become files of the judge: copied, by known names, within bounds."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ..errors import OptimizerError
from ..processes.exhaustion import exhausted
from ..processes.plain_text import one_line
from .removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_BYTES = 16 << 30
_MOST_FILES = 10_000
_MOST_DEPTH = 8
_PIECE = 4 << 20
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WAY_OUT = "which the optimizer never makes: optimize only models that you trust"

SAVED_MODEL = (
    "saved_model.pb", "fingerprint.pb", "keras_metadata.pb", "variables/variables.index",
    "variables/variables.data-?????-of-?????", "assets/**", "assets.extra/**",
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """Files that the judge takes from a leaf's directory. Anything else in it is refused, never ignored."""

    directory: str
    """Directory below the leaf's own one, such as `model`; empty for that one itself."""
    names: tuple[str, ...]
    """Patterns of files below `directory`, with wildcards in each part; `**` as the last part stands for any depth."""
    required: tuple[str, ...] = ()
    """Names, without wildcards, that must be there."""
    most_bytes: int = _MOST_BYTES
    most_files: int = _MOST_FILES
    most_depth: int = _MOST_DEPTH

    @classmethod
    def saved_model(cls, directory: str) -> Wanted:
        """Want a SavedModel."""
        return cls(directory, SAVED_MODEL, ("saved_model.pb",))

    @classmethod
    def file(cls, directory: str, name: str) -> Wanted:
        """Want one file."""
        return cls(directory, (name,), (name,))


def take(leaf: int, wanted: Wanted, destination: Path) -> None:
    """Copy what is wanted into a new directory.

    Args:
        leaf: Descriptor of the leaf's directory. No process of the leaf exists any more.
        wanted: Names and bounds.
        destination: Does not exist yet.

    Raises:
        OptimizerError: There is something else, or something is missing. Nothing was taken.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    _make_directory(destination)
    try:
        _Taking(wanted, destination).take(leaf)
    except OSError as error:
        remove_tree(destination)
        sentence = f"the files of the model's process cannot be taken ({error.strerror})"
        raise exhausted(error) or OptimizerError(sentence) from error
    except BaseException:
        remove_tree(destination)
        raise


class _Taking:
    def __init__(self, wanted: Wanted, destination: Path) -> None:
        self._wanted, self._destination = wanted, destination
        self._bytes = wanted.most_bytes
        self._entries = 0
        self._taken: set[str] = set()

    def take(self, leaf: int) -> None:
        missing = f"the model's process left no {self._wanted.directory}"
        root = _open_directory(leaf, self._wanted.directory, missing)
        waiting = [(root, "", 1)]
        try:
            while waiting:
                directory, below, depth = waiting.pop()
                try:
                    for name in self._names(directory):
                        self._take_entry(directory, name, f"{below}{name}", depth, waiting)
                finally:
                    os.close(directory)
        finally:
            for directory, _, _ in waiting:
                os.close(directory)
        absent = [name for name in self._wanted.required if name not in self._taken]
        if absent:
            raise OptimizerError(f"{missing}/{absent[0]}")

    def _names(self, directory: int) -> Iterator[str]:
        with os.scandir(directory) as entries:
            for entry in entries:
                self._entries += 1
                if self._entries > self._wanted.most_files:
                    raise OptimizerError(
                        f"the model's process left more than {self._wanted.most_files} files, {_WAY_OUT}"
                    )
                yield entry.name

    def _take_entry(
        self, directory: int, name: str, path: str, depth: int, waiting: list[tuple[int, str, int]]
    ) -> None:
        entry = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(entry.st_mode) and self._may_contain(path):
            if depth >= self._wanted.most_depth:
                raise OptimizerError(
                    f"the model's process left directories more than {self._wanted.most_depth} deep, {_WAY_OUT}"
                )
            _make_directory(self._destination / path)
            waiting.append((os.open(name, _DIRECTORY, dir_fd=directory), f"{path}/", depth + 1))
        elif stat.S_ISREG(entry.st_mode) and self._is_wanted(path):
            self._copy(directory, name, path)
        else:
            raise OptimizerError(f"the model's process left {_shown(path)}, {_WAY_OUT}")

    def _is_wanted(self, path: str) -> bool:
        return _is_plain(path) and any(_matches(path.split("/"), name.split("/")) for name in self._wanted.names)

    def _may_contain(self, path: str) -> bool:
        parts = path.split("/")
        return _is_plain(path) and any(
            _matches(parts, name.split("/")[: len(parts)]) for name in self._wanted.names if _is_above(parts, name)
        )

    def _copy(self, directory: int, name: str, path: str) -> None:
        source = os.open(name, _READ, dir_fd=directory)
        try:
            status = os.fstat(source)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise OptimizerError(f"the model's process left {_shown(path)}, no file of its own alone, {_WAY_OUT}")
            self._bytes -= status.st_size
            if self._bytes < 0:
                raise OptimizerError(
                    f"the model's process left files of more than {self._wanted.most_bytes} bytes, {_WAY_OUT}"
                )
            target = os.open(self._destination / path, _WRITE, 0o600)
            with os.fdopen(source, "rb", buffering=0, closefd=False) as reading, os.fdopen(target, "wb", 0) as writing:
                left = status.st_size
                while piece := reading.read(min(_PIECE, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        break
                    writing.write(piece)
                os.fchmod(target, 0o644)  # the leaf that reads it has another user, whatever the umask is
            if left != 0:
                raise OptimizerError(f"{_shown(path)} changed after the model's process had ended, {_WAY_OUT}")
            self._taken.add(path)
        finally:
            os.close(source)


def _make_directory(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)


def _open_directory(leaf: int, path: str, missing: str) -> int:
    current = os.dup(leaf)
    for part in filter(None, path.split("/")):
        try:
            inner = os.open(part, _DIRECTORY, dir_fd=current)
        except OSError as error:
            raise OptimizerError(missing) from error
        finally:
            os.close(current)
        current = inner
    return current


def _matches(parts: list[str], pattern: list[str]) -> bool:
    if pattern[-1] == "**":
        return len(parts) >= len(pattern) and all(map(fnmatchcase, parts, pattern[:-1]))
    return len(parts) == len(pattern) and all(map(fnmatchcase, parts, pattern))


def _is_above(parts: list[str], name: str) -> bool:
    pattern = name.split("/")
    return len(pattern) > len(parts) or pattern[-1] == "**"


def _is_plain(path: str) -> bool:
    return len(path) <= 1024 and path.isprintable()


def _shown(path: str) -> str:
    return one_line(path, 200) or "a file without a name"
