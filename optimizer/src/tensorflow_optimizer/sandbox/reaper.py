"""The process above a leaf: it ends every process of the leaf, whatever they do, and runs no code of a model."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import linux, start
from .family import Family
from .limits import Limits
from .streams import FrameStream
from .watch import Watch

_SECONDS_BETWEEN = 0.1


@dataclass(frozen=True)
class LeafEnds:
    """The descriptors of a leaf, and of its reaper."""

    reading: int
    """Requests."""
    writing: int
    """Answers."""
    errors: int
    """Standard output and standard error."""
    life: int
    """A socket of the reaper: closed by the judge when the leaf is to end. The reaper then says how it ended."""
    lock: int | None = None
    """Lock of the leaf's user, which nobody may take before the reaper ends; None: the leaf has no user of its own."""
    input: int | None = None
    """Standard input, a file that was opened for reading; None: nothing."""


def run(ends: LeafEnds, given: dict[str, Any]) -> None:
    """Start a leaf, wait until it ends or is to end, and end what is left of it.

    Args:
        ends: The descriptors.
        given: The judge's request: user, directory, limits, and the environment of a program to start.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if linux.is_linux():
        linux.become_subreaper()
    reaper = os.getpid()
    leaf = os.fork()
    if leaf == 0:
        _become_leaf(ends, given["environment"], reaper)
    for descriptor in (ends.reading, ends.writing, ends.errors, ends.input):
        if descriptor is not None:
            os.close(descriptor)
    family = Family(leaf, given["user"])
    with socket.socket(fileno=ends.life) as life:
        with suppress(OSError):
            life.sendall(json.dumps({"process": leaf}).encode() + b"\n")
        reason: str | None = None
        try:
            reason = _watched(family, life, Watch(Path(given["directory"]), Limits(**given["limits"])))
        finally:
            family.end()
        ended = {
            "code": family.code,
            "reason": reason,
            "peak_bytes": family.peak_bytes,
            "processor_seconds": family.processor_seconds,
        }
        with suppress(OSError):  # the judge is gone
            life.sendall(json.dumps(ended).encode() + b"\n")


def _watched(family: Family, life: socket.socket, watch: Watch) -> str | None:
    """Wait for the end of the leaf or of the judge, or a violation of the limits, and return the latter."""
    poll = select.poll()
    poll.register(life, select.POLLIN)
    while True:
        if poll.poll(_SECONDS_BETWEEN * 1000):
            return None
        family.bury()
        if family.code is not None:
            return None
        try:
            violation = watch.violation()
        except OSError as error:
            violation = f"what it uses cannot be measured ({error})"
        if violation is not None:
            return violation


def _become_leaf(ends: LeafEnds, environment: dict[str, str] | None, reaper: int) -> None:
    """Run the leaf in this process, or become its program. Does not return."""
    code = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY) if ends.input is None else ends.input, 0)
        for target in (1, 2):
            os.dup2(ends.errors, target)
        kept = sorted((ends.reading, ends.writing))
        for low, high in zip([2, *kept], [*kept, os.sysconf("SC_OPEN_MAX")], strict=True):
            os.closerange(low + 1, high)
        if environment is not None:
            start.start_program(ends.reading, ends.writing, environment)
        code = start.run(FrameStream(ends.reading, ends.writing), reaper)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
