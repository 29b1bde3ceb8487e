"""A leaf's task after a model has got code execution in it: it plays a script around what an honest task does."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from attempts import attempts
from hostile_actions import perform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tensorflow_optimizer.sandbox import Arrays, Channel, Frame, Json

#: Files that `build_files` leaves.
FILES = {
    "saved_model.pb": b"graph" * 100,
    "variables/variables.index": b"index",
    "variables/variables.data-00000-of-00001": b"\x00\x01" * 4096,
    "assets/words.txt": b"one\ntwo\n",
}
_PR_SET_NAME = 15


@dataclass(frozen=True)
class Script:
    """Behavior of a hostile leaf. Actions are as `hostile_actions` has them."""

    task: str
    """The honest task, `module:function`."""
    marker: str
    """Name of all its processes, by which a test finds what is left of them; at most 15 bytes."""
    start: list[list[Any]] = field(default_factory=list)
    """Actions before the first request."""
    before: list[list[Any]] = field(default_factory=list)
    """Actions before the answer to each request."""
    after: list[list[Any]] = field(default_factory=list)
    """Actions after the answer to each request."""
    end: list[list[Any]] = field(default_factory=list)
    """Actions when the judge wants nothing more."""
    lie: str = ""
    """Change of the answers: see `_lie`. Empty: they are honest."""

    @property
    def hostile_task(self) -> str:
        """The task by which a leaf plays this script."""
        return f"{__name__}:{json.dumps(asdict(self)).encode().hex()}"


def __getattr__(name: str) -> Callable[[Channel, Path], None]:
    """Return the task of a script. The script is the name, because that is all that a leaf is told at first."""
    try:
        script = Script(**json.loads(bytes.fromhex(name)))
    except ValueError:
        raise AttributeError(name) from None
    return lambda channel, directory: _play(script, channel, directory)


def _play(script: Script, channel: Channel, directory: Path) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_NAME, script.marker.encode(), 0, 0, 0)
    hostile: Any = _HostileChannel(script, channel)
    perform(script.start, hostile.descriptor)
    module, _, function = script.task.partition(":")
    getattr(importlib.import_module(module), function)(hostile, directory)
    perform(script.end, hostile.descriptor)


class _HostileChannel:
    """A Channel that attacks around each answer."""

    def __init__(self, script: Script, channel: Channel) -> None:
        self._script, self._channel = script, channel
        self.descriptor: int = channel._stream._writing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._channel)

    def serve(self, handle: Callable[[Frame], tuple[Json, Arrays]]) -> None:
        for request in self:
            try:
                self.answer(*handle(request))
            except Exception as error:
                self._channel.fail(error)

    def answer(self, document: Json = None, arrays: Arrays | None = None) -> None:
        perform(self._script.before, self.descriptor)
        try:
            self._channel.answer(*_lie(self._script.lie, document, arrays or {}))
        except ValueError:  # a lie that no frame carries
            self._channel.answer(document, arrays)
        perform(self._script.after, self.descriptor)


def _lie(how: str, document: Json, arrays: Arrays) -> tuple[Json, Arrays]:
    changes: dict[str, Callable[[Any], Any]] = {
        "zeros": lambda value: _others(value, lambda text: bytes(len(text))) if value.dtype == object else 0 * value,
        "nan": lambda value: np.full(value.shape, np.nan, value.dtype) if value.dtype.kind == "f" else value,
        "noise": lambda value: (
            _others(value, lambda text: text[::-1])
            if value.dtype == object
            else np.random.default_rng(5).standard_normal(value.shape).astype(value.dtype)
        ),
        "fewer": lambda value: value[:-1] if value.ndim else value,
        "more": lambda value: np.repeat(value, 2, axis=0) if value.ndim else value,
        "flat": lambda value: value.reshape(-1),
        "deep": lambda value: value.reshape((1,) * (32 - value.ndim) + value.shape) if value.ndim < 32 else value,
        "text": lambda value: np.array([b"\x00" * 5] * max(1, value.size), dtype=object),
        "int8": lambda value: value.astype(np.int8) if value.dtype.kind == "f" else value,
    }
    if how in changes:
        return document, {name: changes[how](value) for name, value in arrays.items()}
    if how == "renamed":
        return document, {f"{name}\n\x1b[31m": value for name, value in arrays.items()}
    if how == "no arrays":
        return document, {}
    if how == "no document":
        return None, arrays
    if how == "another document":
        return [{"kind": "\x1b[2J\nERROR"}, 1e308, -1, "\ud800"[:0]], arrays
    return document, arrays


def _others(texts: Any, change: Callable[[Any], Any]) -> Any:
    """Return an array of strings, each of which is changed."""
    changed = np.empty(texts.shape, dtype=object)
    changed.flat = [change(text) if isinstance(text, bytes) else text for text in texts.flat]
    return changed


# ---- Honest tasks that need neither TensorFlow nor LiteRT


def describe_files(channel: Channel, _: Path) -> None:
    """Describe a model."""
    channel.serve(lambda _: ({"signature": "x", "files": sorted(FILES)}, {}))


def build_files(channel: Channel, directory: Path) -> None:
    """Leave the files of a SavedModel in `made`."""
    for _ in channel:
        for name, content in FILES.items():
            path = directory / "made" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        channel.answer({"built": True})


def answer_rows(channel: Channel, _: Path) -> None:
    """Answer rows with what the files that the judge names make of them."""
    channel.serve(lambda request: ({}, {"y": request.arrays["x"] * weight_of(Path(request.document["path"]))}))


def weight_of(directory: Path) -> int:
    """Return a number that other files do not have."""
    files = {path.relative_to(directory).as_posix(): path for path in directory.rglob("*") if path.is_file()}
    return zlib.crc32(b"".join(name.encode() + files[name].read_bytes() for name in sorted(files)))


def weight_of_honest_files() -> int:
    """Return that number of `FILES`."""
    return zlib.crc32(b"".join(name.encode() + FILES[name] for name in sorted(FILES)))


def try_all(channel: Channel, _: Path) -> None:
    """Answer what each attempt came to."""
    channel.serve(lambda request: (attempts(Path(request.document["place"]), request.document["judge"]), {}))


def marker(number: int) -> str:
    """Return a name for the processes of a script that no other run of the tests on this machine has."""
    return f"{os.getpid():x}-{number}"


def own_processes(name: str) -> list[int]:
    """Return the processes with a marker that have not ended."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "comm").read_text(errors="replace").rstrip("\n") == name and _state(entry) not in "ZX":
                found.append(int(entry.name))
    return found


def _state(process: Path) -> str:
    return (process / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
