"""Effects of clusters with real nodes on the machine that they run on: none, however they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from embedded_aws.eks.programs import VERSIONS
from embedded_aws.eks.real_nodes import cgroups
from embedded_aws.eks.real_nodes.programs import nearest_built
from embedded_aws.eks.real_nodes.requirements import why_not
from embedded_aws.settings import default_cache_directory

HERE = Path(__file__).resolve().parent
EMULATOR = HERE.parents[1] / ".tools" / "emulator" / "bin" / "python"
SYSCTLS = ("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward")

pytestmark = [pytest.mark.skipif(why_not() is not None, reason=str(why_not())), pytest.mark.timeout(2400)]


class Lone:
    """A cluster in a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [str(EMULATOR), str(HERE / "lone_cluster.py"), str(directory)], stdout=subprocess.PIPE, text=True
        )

    def wait(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the cluster did not start"
        facts: dict[str, Any] = json.loads(line)
        return facts

    def kubectl(self, *arguments: str) -> str:
        kubeconfig = self.directory / "control-plane" / "kubeconfig"
        command = ["kubectl", f"--kubeconfig={kubeconfig}", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def end(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Lone]]:
    started: list[Lone] = []

    def begin() -> Lone:
        started.append(Lone(tmp_path / f"cluster-{len(started)}"))
        return started[-1]

    yield begin
    for one in started:
        one.end(signal.SIGKILL)


def eventually(condition: Callable[[], bool], what: str, seconds: float = 600) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def host() -> dict[str, Any]:
    """Return the state that nodes must not change: mounts, firewall, interfaces, kernel settings."""
    nft = subprocess.run(
        ["nft", "list", "ruleset"],
        env={**os.environ, **nearest_built(max(VERSIONS)).environment()},
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        "mounts": sorted(line.split(" ", 4)[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()),
        "firewall": nft.stdout,
        "interfaces": [name for _, name in socket.if_nameindex()],
        "sysctls": [Path("/proc/sys", name).read_text() for name in SYSCTLS],
        "directories": [Path(name).exists() for name in ("/var/lib/kubelet", "/var/lib/containerd", "/opt/cni")],
    }


def groups(group: str) -> list[Path]:
    return [controller / group for controller in cgroups.controllers() if (controller / group).exists()]


def processes(group: str) -> list[str]:
    return [name for path in groups(group) for one in path.rglob("cgroup.procs") for name in one.read_text().split()]


def unified_group(process: str) -> str | None:
    """Return the group of cgroup v2 that a process is in, which is mounted beside those of v1; None if it has ended."""
    try:
        lines = Path(f"/proc/{process}/cgroup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return next((line for line in lines if line.startswith("0::")), None)


def runs(process: int) -> bool:
    """Tell whether a process has not ended; how long it is listed after that is for its parent to say."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_running_cluster_changes_nothing_of_the_host(start: Callable[[], Lone]) -> None:
    before = host()
    cluster = start()
    facts = cluster.wait()

    assert host() == before
    members = processes(facts["group"])
    assert len(members) > 10
    assert {unified_group(process) for process in members} <= {unified_group("self"), None}

    cluster.end(signal.SIGTERM)

    assert host() == before
    assert groups(facts["group"]) == []
    assert not cluster.directory.exists()


def test_two_clusters_at_the_same_time_do_not_disturb_each_other_and_a_killed_one_leaves_nothing(
    start: Callable[[], Lone],
) -> None:
    before = host()
    one, other = start(), start()
    facts, facts_of_other = one.wait(), other.wait()
    assert all(runs(process) for process in facts["nodes"].values())

    one.end(signal.SIGKILL)

    eventually(lambda: groups(facts["group"]) == [] and not one.directory.exists(), "cgroups and files are gone")
    eventually(lambda: not any(runs(process) for process in facts["nodes"].values()), "the nodes have ended")
    assert host() == before
    # The other one goes on: it runs a pod.
    other.kubectl("run", "one", "--image=public.ecr.aws/amazonlinux/amazonlinux:2023-minimal", "--", "sleep", "600")
    other.kubectl("wait", "pod/one", "--for=condition=Ready", "--timeout=300s")
    assert len(processes(facts_of_other["group"])) > 10


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory for temporary files: `tmp_path` is too long for the names of Unix sockets below it."""
    with tempfile.TemporaryDirectory(prefix="run-") as directory:
        yield Path(directory)


def test_a_killed_test_run_leaves_nothing(short_path: Path) -> None:
    places = [short_path, default_cache_directory() / "runs"]

    def specifications() -> set[Path]:
        return {path for place in places for path in place.rglob("clusters/1/*/specification.json")}

    before, files = host(), specifications()
    runner = subprocess.Popen(
        [sys.executable, str(HERE / "run.py"), "service"],
        env={**os.environ, "TMPDIR": str(short_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        # The run trains models, bootstraps, and deploys what comes before the cluster.
        eventually(lambda: runner.poll() is not None or bool(specifications() - files), "a node starts", 1200)
        assert runner.poll() is None
        group = json.loads((specifications() - files).pop().read_text())["group"].partition("/")[0]
        assert groups(group)
    finally:
        runner.kill()
        runner.wait()

    eventually(lambda: groups(group) == [], "cgroups are gone")
    eventually(lambda: not (specifications() - files) and not list(short_path.iterdir()), "files are gone")
    assert host() == before
