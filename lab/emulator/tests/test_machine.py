"""An instance by itself, without AWS."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from embedded_aws.ec2.machine import Host, Machine, MachineEndedError
from embedded_aws.host.plane import Plane
from embedded_aws.host.pythons import newest_python

if TYPE_CHECKING:
    from collections.abc import Iterator

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a root of its own")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    aws = tmp_path / "aws"
    aws.write_text("#!/bin/sh\n")
    return Host(newest_python().executable, aws, 4566, Plane(), disk="1m")


@pytest.fixture
def machine(tmp_path: Path, host: Host) -> Iterator[Machine]:
    made = Machine("i-1", "#!/bin/bash\necho hello > /written\ncat /written\nexit 3\n", tmp_path / "machine", host)
    yield made
    made.end()


@needs_root
def test_user_data_runs_as_its_own_root_and_its_end_is_reported(machine: Machine) -> None:
    assert machine.wait_for_boot(60) == 3
    assert machine.console == "hello"
    assert not Path("/written").exists()
    assert machine.run("cat /written /var/lib/cloud/data/instance-id") == (0, "hello\ni-1")


@needs_root
def test_has_a_network_and_processes_of_its_own(machine: Machine) -> None:
    machine.wait_for_boot(60)

    assert machine.run("ls /proc | grep -c '^[0-9]'")[1].isdigit()
    assert int(machine.run("ls /proc | grep -c '^[0-9]'")[1]) < 10
    assert machine.run("cat /proc/net/dev | grep -c :") == (0, "1")
    with pytest.raises(ConnectionRefusedError):
        machine.connect(8501)


@needs_root
def test_its_disk_has_the_given_size(machine: Machine) -> None:
    machine.wait_for_boot(60)

    code, output = machine.run("head -c 2000000 /dev/zero > /models/large")
    assert code != 0
    assert "No space left" in output


@needs_root
def test_an_ended_instance_takes_no_requests(tmp_path: Path, host: Host) -> None:
    machine = Machine("i-2", "#!/bin/bash\nsleep 1000\n", tmp_path / "other", host)
    machine.end()

    assert machine.wait_for_boot(1) == -1
    assert not machine.alive
    assert not (tmp_path / "other").exists()
    with pytest.raises(MachineEndedError, match="i-2 does not run"):
        machine.socket()


def test_only_root_can_have_an_instance(tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(PermissionError, match="as root only"):
        Machine("i-3", "", tmp_path / "machine", host)
