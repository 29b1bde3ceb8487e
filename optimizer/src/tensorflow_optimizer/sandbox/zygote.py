"""The process that leaves are forks of: it has imported TensorFlow, and opens nothing.

`python -m tensorflow_optimizer.sandbox zygote JUDGE SOCKET MODULE...`, started by the judge. It ends when the judge
closes the socket, or ends itself, also while it imports.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import struct
from contextlib import suppress

from ..processes import environment
from . import linux, reaper

_LENGTH = struct.Struct(">I")
_MOST_DESCRIPTORS = 6
#: Modules that every leaf needs for its layers. One of them asks the system's tools for its library.
_LAYERS = ("py_landlock", "pyseccomp")


def main(arguments: list[str]) -> None:
    """Import modules, and start a leaf for each request of the judge, until there is none any more."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how a reaper ended
    judge, descriptor, *modules = arguments
    if linux.is_linux():
        linux.end_with(int(judge), signal.SIGKILL)
    environment.prepare()
    for name in (*_LAYERS, *modules):
        with suppress(Exception):  # what needs it says so
            importlib.import_module(name)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(descriptor)) as control:
        while _start_leaf(control):
            pass


def send_request(control: socket.socket, content: dict[str, object], descriptors: dict[str, int]) -> None:
    """Ask the zygote for a leaf.

    Args:
        control: The judge's socket.
        content: As `reaper.run` takes it.
        descriptors: As LeafEnds names them.
    """
    message = json.dumps({**content, "descriptors": list(descriptors)}).encode()
    socket.send_fds(control, [_LENGTH.pack(len(message))], list(descriptors.values()))
    control.sendall(message)


def _start_leaf(control: socket.socket) -> bool:
    length, descriptors, _, _ = socket.recv_fds(control, _LENGTH.size, _MOST_DESCRIPTORS)
    if len(length) < _LENGTH.size:
        return False
    left, parts = _LENGTH.unpack(length)[0], []
    while left:
        part = control.recv(left)
        if not part:
            return False
        parts.append(part)
        left -= len(part)
    given = json.loads(b"".join(parts))
    ends = reaper.LeafEnds(**dict(zip(given["descriptors"], descriptors, strict=True)))
    if os.fork() == 0:
        try:
            control.close()
            reaper.run(ends, given)
        finally:
            os._exit(0)
    for descriptor in descriptors:
        os.close(descriptor)
    return True
