"""The beginning of a leaf: it takes its layers upon itself, and runs its task.

A leaf is a fork of the zygote, or a program: `python -m tensorflow_optimizer.sandbox leaf READING WRITING`.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptimizerError
from ..processes import progress_events
from . import layers, linux
from .carried_errors import to_document
from .channel import Channel
from .frames import Frame
from .streams import EndedError, FrameStream

if TYPE_CHECKING:
    from collections.abc import Callable

    Task = Callable[[Channel, Path], None]


def run(stream: FrameStream, parent: int) -> int:
    """Run the task that the first frame names, and return the exit code.

    Args:
        stream: To the judge.
        parent: The reaper.
    """
    with suppress(EndedError):  # the judge wants nothing any more
        return _run(stream, parent)
    return 0


def _run(stream: FrameStream, parent: int) -> int:
    wanted = stream.receive().document
    directory = Path(wanted["directory"])
    os.environ.update(HOME=str(directory), TMPDIR=str(directory))
    tempfile.tempdir = None
    sys.dont_write_bytecode = True
    os.chdir(directory)
    os.umask(0o077)
    _bound(wanted["threads"])
    states = layers.take(
        layers.Wished(
            directory,
            [Path(path) for path in wanted["read"]],
            wanted["user"],
            wanted["why_same_user"],
            wanted["loopback"],
        )
    )
    if linux.is_linux():
        linux.end_with(parent, signal.SIGKILL)
    stream.send(Frame("layers", states))
    if hasattr(os, "geteuid") and os.geteuid() == 0 and not wanted["allow_root"]:
        stream.send(Frame("error", to_document(OptimizerError(why_refused(states[layers.USER])))))
        return 1
    channel = Channel(stream)
    progress_events.send_through(channel.show)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True)
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    try:
        _task(wanted["task"])(channel, directory)
    except EndedError:
        raise
    except Exception as error:
        if not isinstance(error, OptimizerError):
            logging.getLogger("tensorflow_optimizer").exception("the model's process failed")
        channel.fail(error)
        return 1
    return 0


def _bound(threads: int | None) -> None:
    """Bound what the kernel counts itself, and let it end this process first where memory runs out.

    It counts threads by user, so only one that nobody else is has that limit.
    """
    import resource

    with suppress(OSError):  # Linux's, and root's alone to lower again
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if threads is not None:
        resource.setrlimit(resource.RLIMIT_NPROC, (threads, threads))


def why_refused(state: str) -> str:
    """Return the sentence for a model that would run as root."""
    from .user import ALLOW_ROOT

    return (
        f"the model would run as root (user {state}); run the optimizer as another user, or open the directory to "
        f"others (chmod o+x, and o+r for files), or put the clone and the model elsewhere, such as below /srv; "
        f"{ALLOW_ROOT}=1 runs it as root without capabilities"
    )


def _task(name: str) -> Task:
    module, _, function = name.partition(":")
    task: Task = getattr(importlib.import_module(module), function)
    return task


def main(arguments: list[str]) -> int:
    """Run the task of a leaf that was started as a program."""
    from ..processes import environment

    environment.prepare()
    return run(FrameStream(*map(int, arguments)), os.getppid())


def start_program(reading: int, writing: int, changed: dict[str, str]) -> Any:
    """Become a leaf with another environment. Does not return."""
    for descriptor in (reading, writing):
        os.set_inheritable(descriptor, True)
    command = [sys.executable, "-P", "-m", __package__, "leaf", str(reading), str(writing)]
    os.execve(sys.executable, command, {**os.environ, **changed, "PYTHONDONTWRITEBYTECODE": "1"})  # noqa: S606 - our own module
