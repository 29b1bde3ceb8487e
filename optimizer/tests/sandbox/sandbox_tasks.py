"""Tasks of leaves in tests: what an honest model does, and what a hostile one tries."""

from __future__ import annotations

import mmap
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorflow_optimizer.errors import BadInputError, RunError
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.processes import progress_events

if TYPE_CHECKING:
    from tensorflow_optimizer.sandbox import Channel


def echo(channel: Channel, directory: Path) -> None:
    """Answer each request with itself."""
    channel.serve(lambda request: (request.document, request.arrays))


def evaluate(channel: Channel, directory: Path) -> None:
    """Answer with the value of an expression, or with the name of its error."""
    known: dict[str, Any] = {"directory": directory, **globals()}
    for request in channel:
        try:
            exec(request.document, known)
            channel.answer(known.get("result"))
        except OSError as error:
            channel.answer(type(error).__name__)


def fail(channel: Channel, directory: Path) -> None:
    """Answer with the error that is asked for."""
    errors = {
        "input": BadInputError("two\nlines\x1b[31m", Hint.TAGS),
        "run": RunError("cannot\x07 run"),
        "unexpected": KeyError("a\nb"),
        "memory": MemoryError(),
    }
    for request in channel:
        channel.fail(errors[request.document])


def raise_at_once(channel: Channel, directory: Path) -> None:
    raise BadInputError("no model")


def talk(channel: Channel, directory: Path) -> None:
    """Say what is asked for, with line ends and escape sequences, on every way."""
    for request in channel:
        for number in range(request.document):
            channel.progress.say(f"say {number}\nnext\x1b[2J")
            channel.progress.of_candidate("small").warn(f"warn {number}\r\x1b]0;title\x07", Hint.TAGS)
            print(f"line {number}\x1b[31m red", flush=True)
        with progress_events.doing("counting\n", 3) as activity:
            activity.advance(3)
        channel.answer()


def send_bytes(channel: Channel, directory: Path) -> None:
    """Write anything where an answer is expected."""
    for request in channel:
        os.write(channel._stream._writing, bytes.fromhex(request.document))
        os._exit(0)


def send_bytes_and_wait(channel: Channel, directory: Path) -> None:
    """Write anything where an answer is expected, and wait for the next request."""
    for request in channel:
        os.write(channel._stream._writing, bytes.fromhex(request.document))


def end(channel: Channel, directory: Path) -> None:
    """End as asked for: by a signal, or with a code."""
    for request in channel:
        if request.document < 0:
            signal.signal(-request.document, signal.SIG_DFL) if request.document != -signal.SIGKILL else None
            os.kill(os.getpid(), -request.document)
        os._exit(request.document)


def leave_behind(channel: Channel, directory: Path) -> None:
    """Leave many processes that are in sessions of their own, without a parent, and ignore signals."""
    for request in channel:
        for number in range(request.document):
            if os.fork() == 0:
                _stay(directory, hops=number % 2 == 0)
        while len(list((directory / "stay").glob("*"))) < request.document:
            time.sleep(0.01)
        channel.answer()


def _stay(directory: Path, *, hops: bool) -> None:
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    (directory / "stay").mkdir(exist_ok=True)
    (directory / "stay" / str(os.getpid())).touch()
    while True:
        if hops and os.fork():  # a new process takes over, so that no list of processes is ever right
            os._exit(0)
        time.sleep(0.001)


def bomb(channel: Channel, directory: Path) -> None:
    """Use more and more of the kind that is asked for, and hold it."""
    for request in channel:
        _BOMBS[request.document](directory)


def _fork_bomb(_: Path) -> None:
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def _memory_bomb(_: Path) -> None:
    held = []
    while True:
        block = mmap.mmap(-1, 16 << 20)
        for page in range(0, 16 << 20, mmap.PAGESIZE):
            block[page] = 1
        held.append(block)


def _memory_of_children_bomb(_: Path) -> None:
    for _ in range(8):
        if os.fork() == 0:
            held = bytearray(os.urandom(1 << 20) * 40)
            while held:
                time.sleep(1)
    while True:
        time.sleep(1)


def _disk_bomb(directory: Path) -> None:
    number = 0
    while True:
        (directory / str(number)).write_bytes(bytes(1 << 20))
        number += 1


def _unlinked_bomb(directory: Path) -> None:
    held = []
    while True:
        file = (directory / "x").open("wb")
        (directory / "x").unlink()
        file.write(bytes(1 << 20))
        file.flush()
        held.append(file)


def _file_bomb(directory: Path) -> None:
    number = 0
    while True:
        (directory / str(number)).touch()
        number += 1


def _depth_bomb(directory: Path) -> None:
    os.chdir(directory)
    while True:
        Path("d").mkdir()
        os.chdir("d")


def _time_bomb(_: Path) -> None:
    while True:
        time.sleep(1)


_BOMBS = {
    "processes": _fork_bomb,
    "memory": _memory_bomb,
    "memory of children": _memory_of_children_bomb,
    "disk": _disk_bomb,
    "files without a name": _unlinked_bomb,
    "files": _file_bomb,
    "depth": _depth_bomb,
    "time": _time_bomb,
}


def socket_of(family: int, kind: int) -> None:
    socket.socket(family, kind).close()


def run_program(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


PYTHON = sys.executable
