"""Actions of a model that runs code of its own in a leaf. Each ignores that it is refused.

An action is a list: its name, and its arguments. Paths are relative to the leaf's directory unless they are absolute.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

#: Longer than any test waits: what is left behind is ended by the reaper, or is found.
_SECONDS = 600.0


def perform(actions: list[list[Any]], answering: int) -> None:
    """Perform actions one after the other.

    Args:
        actions: As the module describes.
        answering: The descriptor on which the judge reads answers.
    """
    for name, *arguments in actions:
        # A refusal is what the test wants to see the consequences of.
        with suppress(OSError, ValueError, RuntimeError):
            if name in _SENT:
                _send_all(answering, _SENT[name](*arguments))
            else:
                _ACTIONS[name](*arguments)


# ---- Files


def _write(path: str, content: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content.encode())


def _write_bytes(path: str, content: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(bytes.fromhex(content))


def _replace_by_link(path: str, target: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).symlink_to(target)


def _replace_directory_by_link(path: str, target: str) -> None:
    Path(path).rename(f"{path}.moved")
    Path(path).symlink_to(target)


def _link(path: str, target: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
    os.link(target, path)


def _fifo(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
    os.mkfifo(path)


def _unix_socket(path: str) -> None:
    with suppress(OSError):
        Path(path).unlink()
    socket.socket(socket.AF_UNIX).bind(path)


def _device(path: str) -> None:
    os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _nest(path: str, depth: int) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    current = os.open(path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=current)
        inner = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = inner
    os.close(current)


def _many(path: str, count: int) -> None:
    Path(path).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Path(path, str(number)).touch()


def _sparse(path: str, size: int) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("ab") as file:
        file.truncate(size)


def _remove(path: str) -> None:
    Path(path).unlink()


def _append(path: str, content: str) -> None:
    with Path(path).open("ab") as file:
        file.write(content.encode())


def _closed(path: str) -> None:
    Path(path).chmod(0)


def _set_user_id(path: str) -> None:
    Path(path).chmod(0o6777)


def _copy_from(source: str, path: str) -> None:
    Path(path).write_bytes(Path(source).read_bytes())


# ---- Processes


def _left_behind(work: Callable[[], None], *, sessions: int = 1, kept: int = -1) -> None:
    """Run work in a process with a session of its own, whose parent is gone, and which has only one descriptor."""
    if os.fork():
        return
    for _ in range(sessions):
        os.setsid()
        if os.fork():
            os._exit(0)
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        with suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    for descriptor in set(range(1024)) - {kept}:
        with suppress(OSError):
            os.close(descriptor)
    with suppress(BaseException):
        work()
    os._exit(0)


def _sleeper(sessions: int) -> None:
    _left_behind(lambda: time.sleep(_SECONDS), sessions=sessions)


def _writer(path: str, content: str) -> None:
    """Leave a process that keeps writing a file that it has opened."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def work() -> None:
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            os.pwrite(opened, content.encode(), 0)
            time.sleep(0.001)

    _left_behind(work, kept=opened)
    os.close(opened)


def _swapper(path: str, target: str) -> None:
    """Leave a process that makes a file a link to another, and a file again, in turn."""

    def work() -> None:
        end, honest = time.monotonic() + _SECONDS, Path(path).read_bytes()
        while time.monotonic() < end:
            Path(f"{path}.link").symlink_to(target)
            Path(f"{path}.link").rename(path)
            Path(f"{path}.file").write_bytes(honest)
            Path(f"{path}.file").rename(path)

    _left_behind(work)


def _storm(width: int) -> None:
    """Leave processes of which each starts the next and ends."""

    def work() -> None:
        while True:
            if os.fork():
                os._exit(0)
            with suppress(OSError):
                os.setsid()

    for _ in range(width):
        _left_behind(work)


def _kill(process: int, number: int) -> None:
    os.kill(process, number)


def _kill_parent(number: int) -> None:
    os.kill(os.getppid(), number)


def _kill_all() -> None:
    """End all processes of this user but this one, on a system where root's are not among them."""
    if os.getuid() != 0:
        for process in _others_of_this_user():
            os.kill(process, signal.SIGKILL)


def _others_of_this_user() -> list[int]:
    own = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if entry.stat().st_uid == os.getuid() and int(entry.name) not in {os.getpid(), os.getppid()}:
                own.append(int(entry.name))
    return own if os.getuid() >= 60_000 else []


def _end(how: str) -> None:
    numbers = {"segv": signal.SIGSEGV, "kill": signal.SIGKILL, "abort": signal.SIGABRT, "stop": signal.SIGKILL}
    if how in numbers:
        signal.signal(numbers[how], signal.SIG_DFL) if numbers[how] != signal.SIGKILL else None
        os.kill(os.getpid(), numbers[how])
    os._exit(int(how) if how.isdigit() else 0)


def _close_all() -> None:
    os.closerange(3, 1024)


# ---- What is sent instead of an answer, or beside it


def frame(header: bytes, rest: bytes = b"") -> bytes:
    """Return a frame with any header."""
    return struct.pack(">I", len(header)) + header + rest


def _deep() -> bytes:
    return frame(b'{"kind":"answer","document":' + b"[" * 200_000 + b"]" * 200_000 + b',"arrays":[]}')


def _number(text: str) -> bytes:
    return frame(f'{{"kind":"answer","document":{{"value":{text}}},"arrays":[]}}'.encode())


def _array(shape: str, size: str, dtype: str) -> bytes:
    listed = f'[{{"name":"y","dtype":"{dtype}","shape":{shape},"bytes":{size}}}]'
    return frame(f'{{"kind":"answer","document":{{}},"arrays":{listed}}}'.encode(), bytes(64))


def _said(kind: str, text: str, count: int) -> bytes:
    import json

    return frame(json.dumps({"kind": kind, "document": text, "arrays": []}).encode()) * count


_SENT: dict[str, Callable[..., bytes]] = {
    "bytes": bytes.fromhex,
    "length": lambda length: struct.pack(">I", length),
    "deep": _deep,
    "number": _number,
    "array": _array,
    "said": _said,
}
_ACTIONS: dict[str, Callable[..., None]] = {
    "write": _write, "write bytes": _write_bytes, "append": _append, "remove": _remove, "copy": _copy_from,
    "symlink": _replace_by_link, "directory link": _replace_directory_by_link, "hard link": _link,
    "fifo": _fifo, "socket": _unix_socket, "device": _device, "nest": _nest, "many": _many, "sparse": _sparse,
    "closed": _closed, "set user id": _set_user_id,
    "sleeper": _sleeper, "writer": _writer, "swapper": _swapper, "storm": _storm,
    "kill": _kill, "kill parent": _kill_parent, "kill all": _kill_all, "end": _end, "close all": _close_all,
}  # fmt: skip
#: Every action by its name.
NAMES = frozenset(_ACTIONS) | frozenset(_SENT)


def _send_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
