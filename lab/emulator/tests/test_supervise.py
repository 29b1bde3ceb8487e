"""Nothing that a supervisor runs outlives it, or the process that holds its pipe."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from embedded_aws.host import supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Shell command that prints the process ID of a child, which outlives its parent unless somebody ends it.
PARENT = "sleep 600 & echo $!; wait"
#: Program that lets time pass once the command has started, as a busy machine does.
SLOWLY = """
import runpy, subprocess, sys, time
start = subprocess.Popen
def popen(*command, **options):
    process = start(*command, **options)
    time.sleep(1)
    return process
subprocess.Popen = popen
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""


class Supervised:
    """A shell with a child, and the supervisor of both."""

    def __init__(self, *program: str) -> None:
        read, self.alive = os.pipe()
        command = [sys.executable, "-I", "-S", *program, str(read), "sh", "-c", PARENT]
        self.supervisor = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pass_fds=[read])
        os.close(read)
        assert self.supervisor.stdout is not None
        self.child = psutil.Process(int(self.supervisor.stdout.readline()))


@pytest.fixture(params=[[supervise.__file__], ["-c", SLOWLY, supervise.__file__]], ids=["at once", "slowly"])
def supervised(request: pytest.FixtureRequest) -> Iterator[Supervised]:
    found = Supervised(*request.param)
    yield found
    found.supervisor.kill()
    # The child holds the pipe that is read here to its end.
    with suppress(psutil.NoSuchProcess):
        found.child.kill()
    found.supervisor.communicate()


def close(supervised: Supervised) -> None:
    os.close(supervised.alive)


def send(number: signal.Signals) -> Callable[[Supervised], None]:
    return lambda supervised: supervised.supervisor.send_signal(number)


@pytest.mark.parametrize(
    "end",
    [close, send(signal.SIGTERM), send(signal.SIGINT), send(signal.SIGHUP)],
    ids=["its owner ends", "SIGTERM", "SIGINT", "SIGHUP"],
)
def test_all_that_it_runs_ends_with_it(supervised: Supervised, end: Callable[[Supervised], None]) -> None:
    end(supervised)

    supervised.supervisor.wait(30)
    deadline = time.monotonic() + 30
    while supervised.child.is_running() and supervised.child.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, f"{supervised.child} goes on"
        time.sleep(0.05)
