"""Surroundings that a hostile leaf could reach, and checks that they are unchanged."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hostile_leaf import own_processes
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.processes.plain_text import one_line
from tensorflow_optimizer.sandbox import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostile_leaf import Script
    from tensorflow_optimizer.sandbox import Answer, Arrays, Leaf, Sandbox

SECRET = "not-for-models"
#: A judge that waits longer would wait forever.
_SECONDS = 120


@dataclass(frozen=True)
class World:
    """A directory outside every leaf, parts of which anybody may write; and the directory of the sandbox."""

    place: Path
    leaves: Path

    @property
    def private(self) -> Path:
        return self.place / "private"

    @property
    def output(self) -> Path:
        return self.place / "out"

    @property
    def open(self) -> Path:
        """A directory that every user may write."""
        return self.place / "open"

    def targets(self) -> list[str]:
        """Return paths that no leaf may change."""
        names = ("private", "public", "writable", "out/outcome.json", "open/file", "taken/saved_model.pb")
        return [str(self.place / name) for name in names]

    def state(self) -> dict[str, tuple[int, int, int, bytes]]:
        """Return mode, links, owner and content of everything outside the leaves."""
        found = {}
        for path in sorted(self.place.rglob("*")):
            entry = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(entry.st_mode) else b""
            if path.is_symlink():
                content = str(path.readlink()).encode()
            found[str(path)] = (entry.st_mode, entry.st_nlink, entry.st_uid, content)
        return found


@contextmanager
def made_world() -> Iterator[World]:
    """Yield a world in directories that other users can read; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as leaves:
        place = Path(directory)
        for path in (place, Path(leaves)):
            path.chmod(0o755)
        (place / "out").mkdir()
        (place / "out" / "outcome.json").write_text("{}")
        (place / "open").mkdir()
        (place / "open").chmod(0o777)
        for name, mode in {"private": 0o600, "public": 0o644, "writable": 0o666, "open/file": 0o666}.items():
            (place / name).write_text(SECRET)
            (place / name).chmod(mode)
        yield World(place, Path(leaves))


def play(sandbox: Sandbox, script: Script) -> Leaf:
    """Start a leaf that plays a script."""
    return sandbox.leaf(script.hostile_task)


def asked(leaf: Leaf, arrays: Arrays | None = None) -> Answer | str:
    """Return the answer of a leaf, or the sentence of its refusal. Anything else than these two is raised."""
    try:
        return leaf.ask({"path": "x"}, arrays, answer_bytes=1 << 20, seconds=_SECONDS)
    except OptimizerError as error:
        return sentence_of(error)


def taken(leaf: Leaf, destination: Path) -> dict[str, bytes] | str:
    """Return what is taken of a leaf by name, or the sentence of the refusal, after which there is nothing."""
    try:
        leaf.take(Wanted.saved_model("made"), destination)
    except OptimizerError as error:
        assert not os.path.lexists(destination)
        return sentence_of(error)
    found = {}
    for path in sorted(destination.rglob("*")):
        entry = path.lstat()
        assert stat.S_ISDIR(entry.st_mode) or (stat.S_ISREG(entry.st_mode) and entry.st_nlink == 1), path
        assert entry.st_uid == os.geteuid()
        assert not entry.st_mode & 0o7022, path
        if path.is_file():
            found[path.relative_to(destination).as_posix()] = path.read_bytes()
    return found


def sentence_of(error: OptimizerError) -> str:
    """Return an error's sentence, which must be safe to print."""
    text = str(error)
    assert text
    assert text == one_line(text), "line ends or escapes of a model reach people"
    return text


def left_behind(script: Script) -> list[int]:
    """Return the processes of a script that have not ended."""
    found = own_processes(script.marker)
    for process in found:  # so that a failed test leaves nothing
        with suppress(OSError):
            os.kill(process, 9)
    return found
