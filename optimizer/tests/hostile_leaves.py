"""Tasks of leaves that do not do what they are asked: by their names `hostile_leaves:<function>`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tensorflow_optimizer.errors import OptimizerError

if TYPE_CHECKING:
    from tensorflow_optimizer.sandbox import Channel


def dies(channel: Channel, _: Path) -> None:
    """End as a library of C does that was given a hostile file."""
    for _request in channel:
        os.kill(os.getpid(), signal.SIGSEGV)


def hangs(channel: Channel, _: Path) -> None:
    """Answer nothing."""
    for _request in channel:
        time.sleep(100_000)


def answers_nothing(channel: Channel, _: Path) -> None:
    """Answer neither what was asked for nor an error."""
    for _request in channel:
        channel.answer()


def answers_nonsense(channel: Channel, _: Path) -> None:
    """Answer documents and arrays of other kinds."""
    for _request in channel:
        channel.answer(
            {"damaged": -1, "reason": ["x"], "failed": True, "signatures": 3},
            {name: np.zeros(3, np.int8) for name in ("rows", "bodies", "answers", "answer", "printed", "log")},
        )


def answers_too_much(channel: Channel, _: Path) -> None:
    """Answer more than any question needs."""
    for _request in channel:
        channel.answer({}, {name: np.zeros(3 << 29, np.uint8) for name in ("rows", "bodies", "answers", "answer")})


def ends_lines(channel: Channel, _: Path) -> None:
    """Give reasons that would write lines and colors of their own into a log."""
    for _request in channel:
        channel.answer({"damaged": 0, "reason": "bad\n\x1b[31mred", "ended": "bad\n\x1b[31mred"})


def cannot_run(channel: Channel, _: Path) -> None:
    """Say that the machine cannot run what it runs."""
    for _request in channel:
        channel.answer({"cannotRun": "error while loading shared libraries: libodd.so.6"})


def spies(channel: Channel, _: Path) -> None:
    """Report what can be seen of the judge, as the sentence of an error."""
    judge = os.getppid()
    while judge > 1 and b"pytest" not in _read(f"/proc/{judge}/cmdline"):
        judge = _parent(judge)
    seen = [name for name in os.environ if "SECRET" in name]
    seen += [what for what in ("environ", "mem") if judge > 1 and _read(f"/proc/{judge}/{what}")]
    for _request in channel:
        raise OptimizerError(f"the spy saw {seen} as the user {os.geteuid() if hasattr(os, 'geteuid') else None}")


def _read(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""


def _parent(process: int) -> int:
    fields = _read(f"/proc/{process}/stat").rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0
