"""The choice of real nodes on a machine that can run them, and their programs, which are built once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from embedded_aws.eks import programs as control_plane
from embedded_aws.eks.programs import CannotRunError
from embedded_aws.eks.real_nodes import cgroups, choice, programs, requirements
from support import put

if TYPE_CHECKING:
    from pathlib import Path


def test_a_machine_without_the_programs_names_them_and_the_command_that_builds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    with pytest.raises(CannotRunError, match=r"kubelet, kube-proxy, containerd.*run `npm run test:nodes` once"):
        programs.nearest_built("1.37")


def test_a_machine_that_cannot_have_nodes_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.sys, "platform", "darwin")
    assert requirements.why_not() == "real nodes need Linux, and this is darwin"

    monkeypatch.setattr(requirements.sys, "platform", "linux")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    assert "need root" in str(requirements.why_not())

    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: None if name == "nsenter" else f"/bin/{name}")
    assert "nsenter is missing" in str(requirements.why_not())


def mount(place: str, kind: str, options: str) -> str:
    """Return the line of /proc/self/mountinfo for a mount of cgroups."""
    return f"31 23 0:28 / {place} rw,nosuid,nodev,noexec,relatime shared:9 - {kind} {kind} rw,{options}\n"


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The list of mounts of a Linux machine that has everything but cgroups."""
    monkeypatch.setattr(requirements.sys, "platform", "linux")
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements.os, "access", lambda _path, _mode: True)
    monkeypatch.setattr(requirements.shutil, "which", lambda name: f"/bin/{name}")
    path = tmp_path / "mountinfo"
    path.write_text("22 23 0:20 / /proc rw,relatime - proc proc rw\n")
    monkeypatch.setattr(cgroups, "_MOUNTS", path)
    return path


V1 = [mount(f"/sys/fs/cgroup/{name}", "cgroup", name) for name in requirements._NEEDED]
V2_BESIDE = mount("/sys/fs/cgroup/unified", "cgroup2", "nsdelegate")
SYSTEMD = mount("/sys/fs/cgroup/systemd", "cgroup", "name=systemd")


def test_a_machine_with_cgroup_v2_alone_is_told_to_boot_with_v1(mounts: Path) -> None:
    for beside in ("", SYSTEMD):
        mounts.write_text(mount("/sys/fs/cgroup", "cgroup2", "nsdelegate,memory_recursiveprot") + beside)

        reason = str(requirements.why_not())
        assert reason.startswith("real nodes need cgroup v1, and this machine has cgroup v2 alone: boot it with ")
        assert "systemd.unified_cgroup_hierarchy=0" in reason


def test_a_machine_with_a_controller_that_v1_lacks_is_told_which(mounts: Path) -> None:
    mounts.write_text("".join(line for line in [*V1, V2_BESIDE] if "memory" not in line))
    assert str(requirements.why_not()).endswith(": memory is missing")

    mounts.write_text("")
    assert str(requirements.why_not()).endswith(f": {', '.join(requirements._NEEDED)} is missing")


def test_a_machine_with_cgroup_v1_can_have_nodes_also_with_v2_beside_it(mounts: Path) -> None:
    for beside in ([], [V2_BESIDE], [V2_BESIDE, SYSTEMD]):
        mounts.write_text("".join([*V1, *beside]))
        assert requirements.why_not() is None


@pytest.fixture
def capable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a machine that meets every requirement, and has kubectl and nothing else in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(choice, "why_not", lambda: None)
    directory = tmp_path / "cdk-tensorflow" / "bin"
    put(directory, "kubectl")
    monkeypatch.setattr(programs.shutil, "which", lambda _name: str(directory / "kubectl"))
    return directory


def build_all(directory: Path) -> None:
    """Put an empty file in the place of every program of a node and of the control plane."""
    kubernetes = control_plane.VERSIONS[choice.VERSION][1:]
    put(directory / f"kubernetes-{kubernetes}", *programs.KUBERNETES, *control_plane.COMPONENTS)
    put(directory / f"etcd-{control_plane.ETCD[1:]}", "etcd")
    put(directory / f"cni-plugins-{programs.CNI[0]}", *(name.rpartition("/")[2] for name in programs.PLUGINS))
    for module, (version, _, names) in programs.MODULES.items():
        put(directory / f"{module}-{version}", *names)


def test_auto_takes_real_nodes_once_their_programs_and_the_control_plane_are_built(capable: Path) -> None:
    found = choice.choose("auto")
    assert not found.real
    assert "because real nodes need kubelet, kube-proxy" in found.description
    with pytest.raises(choice.NoRealNodesError, match="real nodes need kubelet"):
        choice.choose("real")

    build_all(capable)

    assert choice.choose("auto").real
    assert choice.choose("real").real
    assert not choice.choose("simulated").real


def test_auto_does_not_take_real_nodes_with_the_control_plane_of_another_version(capable: Path) -> None:
    build_all(capable)
    old, new = (f"kubernetes-{control_plane.VERSIONS[version][1:]}" for version in ("1.34", choice.VERSION))
    put(capable / old, *control_plane.COMPONENTS)
    (capable / new / "kube-apiserver").unlink()

    assert "real nodes need a control plane of Kubernetes 1.37" in choice.choose("auto").description


def test_auto_says_what_the_machine_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "why_not", lambda: "real nodes need root")

    assert choice.choose("auto") == choice.Choice(
        False, "simulated: pods are processes of this machine, because real nodes need root"
    )


def test_a_program_that_two_processes_build_at_the_same_time_is_built_once(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    go = tools / "go"
    # Takes a moment, appends a line for each build, and makes the file that -o names.
    go.write_text(
        f'#!/bin/sh\nsleep 1; echo built >> {tmp_path}/builds\nwhile [ "$1" != -o ]; do shift; done\n: > "$2"\n'
    )
    go.chmod(0o755)
    script = (
        "import sys; from pathlib import Path\n"
        "from embedded_aws.eks.programs import build\n"
        "build(Path(sys.argv[1]), 'package', Path(sys.argv[2]), '')\n"
    )
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PATH": f"{tools}:{os.environ['PATH']}"}
    command = [sys.executable, "-c", script, str(tmp_path), str(tmp_path / "cache" / "program")]

    both = [subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL) for _ in range(2)]

    assert [process.wait() for process in both] == [0, 0]
    assert (tmp_path / "cache" / "program").exists()
    assert (tmp_path / "builds").read_text().splitlines() == ["built"]
