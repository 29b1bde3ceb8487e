"""Tries in turn to reach files, other processes, sockets and settings of the machine that a leaf must not reach."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Refused to root too where the machine lacks what they ask for, or a container keeps it.
WITHOUT_LAYERS_TOO = {"a socket of the hypervisor", "the name of the machine", "the clock"}


def attempts(place: Path, judge: int) -> dict[str, str]:
    """Return `done` or `refused` of each attempt.

    Args:
        place: Of a `World`, with a socket `open/service`.
        judge: The process of the judge, whose environment would have credentials.
    """
    tried: dict[str, Callable[[], object]] = {
        "a private file": (place / "private").read_bytes,
        "a file that all users may read": (place / "public").read_bytes,
        "a directory that all users may list": lambda: list((place / "open").iterdir()),
        "the judge's environment": Path(f"/proc/{judge}/environ").read_bytes,
        "the judge's command line": Path(f"/proc/{judge}/cmdline").read_bytes,
        "the judge's memory map": Path(f"/proc/{judge}/maps").read_bytes,
        "the environment of the process above": Path(f"/proc/{os.getppid()}/environ").read_bytes,
        "the list of processes": lambda: list(Path("/proc").iterdir()),
        "the password file of the system": Path("/etc/shadow").read_bytes,
        "a service's socket": lambda: _connect(str(place / "open" / "service")),
        "a datagram to a service": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
        "a socket of the Internet": lambda: socket.socket(socket.AF_INET),
        "a socket of the hypervisor": lambda: socket.socket(socket.AF_VSOCK),
        "a hard link": lambda: _hard_link(place),
        "the limits of the judge": lambda: resource.prlimit(judge, resource.RLIMIT_NOFILE),
        "the judge's end": lambda: os.kill(judge, 0),
        "a file that runs as its owner": lambda: _set_user_id(place),
        "the name of the machine": lambda: _syscall(
            "sethostname", os.uname().nodename.encode(), len(os.uname().nodename)
        ),
        "the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME)),
        "the owner of a file": lambda: _owner(place),
    }
    return {name: _result(attempt) for name, attempt in tried.items()}


def _result(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError:
        return "refused"
    return "done"


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def _own_file(place: Path) -> Path:
    """Return a file that this process has made: in its directory, or without layers in the place."""
    directory = Path.cwd() if os.getuid() else place / "open"
    path = directory / "own"
    path.write_bytes(b"")
    return path


def _hard_link(place: Path) -> None:
    path = _own_file(place)
    os.link(path, f"{path}-link")
    Path(f"{path}-link").unlink()


def _set_user_id(place: Path) -> None:
    path = _own_file(place)
    path.chmod(0o4755)
    path.chmod(0o644)


def _owner(place: Path) -> None:
    path = _own_file(place)
    os.chown(path, 12345, 12345)


def _syscall(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)
