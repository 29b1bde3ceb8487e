"""No process of a leaf outlives it, whatever it does, nor the judge."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from processes import check_over
from sample_users import is_root
from tensorflow_optimizer.errors import OptimizerError
from tensorflow_optimizer.sandbox import Sandbox, Wanted, family
from tensorflow_optimizer.sandbox.user import closed, readable_python

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDE = 40
#: A judge with two leaves, which says when it may be ended, and which processes are below.
JUDGE = """
import sys, threading
from pathlib import Path
import psutil
from tensorflow_optimizer.sandbox import Sandbox, Zygote
with Zygote(()) as zygote, Sandbox(Path(sys.argv[1]), zygote=zygote, allow_root=True) as sandbox:
    leaf = sandbox.leaf("sandbox_tasks:leave_behind")
    leaf.ask(5)
    other = sandbox.leaf("sandbox_tasks:evaluate")
    other.ask("result = 1")
    reaper = psutil.Process(leaf.process).ppid()
    print(zygote._process.pid, reaper, leaf.process, other.process, *leaf.children, flush=True)
    other.ask("time.sleep(600)")
"""


def those_in(directory: Path) -> list[psutil.Process]:
    """Return the processes that work in a directory, or in one that was removed."""
    found = []
    for process in psutil.process_iter(["cwd"]):
        if (process.info["cwd"] or "").startswith(str(directory)) and process.status() != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["leaves", "leaves_of_same_user"])
@pytest.mark.parametrize("way", ["end", "take", "close", "kill"])
def test_processes_in_sessions_of_their_own_end_with_the_leaf(
    kind: str, way: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    sandbox: Sandbox = request.getfixturevalue(kind)
    leaf = sandbox.leaf("sandbox_tasks:leave_behind")
    leaf.ask(WIDE)
    assert len(those_in(leaf.directory)) >= WIDE // 2

    if way == "take":
        with pytest.raises(OptimizerError, match="left no model"):
            leaf.take(Wanted.file("model", "x"), tmp_path / "taken")
    elif way == "kill":
        os.kill(leaf.process, signal.SIGKILL)
        leaf.end()
    elif way == "close":
        leaf.close()
    else:
        leaf.end()

    assert not those_in(leaf.directory)


def test_processes_below_are_found_with_and_without_lists_of_children(
    leaves: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        command = ["sh", "-c", "sleep 600 & sleep 601 & echo 1; wait"]
        leaf.ask(f"kept = subprocess.Popen({command!r}, stdout=subprocess.PIPE); result = len(kept.stdout.read(1))")
        expected = {process.pid for process in psutil.Process(leaf.process).children(recursive=True)}
        assert len(expected) == 3

        assert family._lists_children()
        assert set(leaf.children) == expected
        monkeypatch.setattr(family, "_lists_children", lambda: False)
        assert set(leaf.children) == expected


@pytest.fixture
def judge(place: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """Start a judge, as this user or as one who is not root, and yield it with the processes below."""
    user, python, library = request.param, sys.executable, ""
    paths = [str(Path(__file__).parent), *filter(None, sys.path)]
    if user is not None:
        if (found := next(filter(None, map(closed, map(Path, paths[:1]))), None)) is not None:
            pytest.skip(f"other users cannot read {found}")
        python, library = readable_python(place)
        paths = [path for path in paths if closed(Path(path)) is None]
    (place / "work").mkdir()
    shutil.chown(place / "work", user or os.geteuid())
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        [python, "-c", JUDGE, str(place / "work")],
        env={**environment, **({"LD_LIBRARY_PATH": library} if library else {})},
        stdout=subprocess.PIPE,
        text=True,
        user=user,
        extra_groups=None if user is None else [],
    ) as process:
        assert process.stdout is not None
        pids = [int(text) for text in process.stdout.readline().split()]
        assert len(pids) >= 4 + 3
        below = [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]
        yield process, [*below, *those_in(place / "work")]
        process.kill()


OTHER_USER = pytest.param(
    60_555, marks=pytest.mark.skipif(not is_root, reason="only root may start it as another user")
)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("judge", [None, OTHER_USER], indirect=True)
def test_a_judge_that_ends_takes_everything_with_it(
    judge: tuple[subprocess.Popen[str], list[psutil.Process]], number: signal.Signals, place: Path
) -> None:
    process, below = judge
    assert len(below) >= 6

    process.send_signal(number)
    process.wait()

    for other in below:
        check_over(other)
    for other in those_in(place / "work"):
        check_over(other)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_processes_of_the_terminal_leaves_the_end_to_the_judge(
    leaves: Sandbox, number: signal.Signals
) -> None:
    """The reaper must not end before what is below it."""
    with leaves.leaf("sandbox_tasks:evaluate") as leaf:
        leaf.ask("result = 1")
        reaper = psutil.Process(leaf.process).parent()
        assert reaper is not None
        reaper.send_signal(number)
        reaper.parent().send_signal(number)

        assert leaf.ask("result = 2").document == 2
    with leaves.leaf("sandbox_tasks:echo") as leaf:
        assert leaf.ask("another").document == "another"


def test_a_reaper_that_was_killed_takes_the_leaf_with_it_and_its_files_are_refused(
    leaves: Sandbox, place: Path
) -> None:
    leaf = leaves.leaf("sandbox_tasks:evaluate")
    leaf.ask("(directory / 'out').mkdir(); (directory / 'out' / 'x').touch()")
    process = psutil.Process(leaf.process)
    process.parent().kill()

    with pytest.raises(OptimizerError, match="may have left others behind"):
        leaf.take(Wanted.file("out", "x"), place / "taken")
    check_over(process)
    assert not (place / "taken").exists()
