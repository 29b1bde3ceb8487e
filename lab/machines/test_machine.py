"""A machine by itself: its boot, its metadata, its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from embedded_aws.ec2.machine import MachineEndedError
from embedded_aws.ec2.systemd.image import cgroup_mount
from machines import ROOT, Booted, eventually

Boot = Callable[..., Booted]
SUPERVISOR = ROOT / "lab" / "emulator" / "src" / "embedded_aws" / "ec2" / "systemd" / "supervisor.py"
STARTED = "systemctl show --property UserspaceTimestampMonotonic"
METADATA = "http://169.254.169.254/latest"
TOKEN = f"""token=$(curl -sS --max-time 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {METADATA}/api/token)
read_metadata() {{ curl -sS --max-time 5 -H "X-aws-ec2-metadata-token: $token" {METADATA}/$1; }}
"""


def cgroup(supervisor: int) -> Path:
    return cgroup_mount() / f"embedded-aws-instance-{supervisor}"


def test_systemd_is_its_first_process_and_cloud_init_runs_its_user_data(booted: Boot) -> None:
    machine = booted("#!/bin/bash\necho hello > /written; cat /written\n")

    assert machine.code == 0, machine.output
    assert "hello" in machine.output
    assert not Path("/written").exists()
    assert machine.run("cat /proc/1/comm /var/lib/cloud/data/instance-id") == (0, "systemd\ni-0123456789abcdef0")
    eventually(lambda: machine.run("systemctl is-system-running")[1] == "running", "it runs with no failed unit")
    assert "hello" in machine.run("journalctl --unit cloud-final --output cat --no-pager")[1]


def test_user_data_that_fails_is_reported(booted: Boot) -> None:
    assert booted("#!/bin/bash\nexit 3\n").code == 1


def test_reads_about_itself_with_a_token_only(booted: Boot) -> None:
    machine = booted()
    assert machine.code == 0

    asked = f"curl -s --max-time 5 -o /dev/null -w '%{{http_code}}' {METADATA}/meta-data/instance-id"
    assert machine.run(asked) == (0, "401")
    assert machine.run(f"{TOKEN}read_metadata meta-data/instance-id") == (0, "i-0123456789abcdef0")
    assert machine.run(f"{TOKEN}read_metadata meta-data/placement/region") == (0, "us-east-1")


# A container on the instance: one network further away.
CONTAINER = """
ip netns add container; ip link add outer type veth peer name inner netns container
ip address add 172.17.0.1/24 dev outer; ip link set outer up
ip -n container address add 172.17.0.2/24 dev inner; ip -n container link set inner up
ip -n container route add default via 172.17.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
"""


@pytest.mark.parametrize(("limit", "answers"), [(1, False), (2, True)])
def test_the_token_goes_no_further_than_the_hop_limit(booted: Boot, limit: int, answers: bool) -> None:
    machine = booted(hop_limit=limit)
    assert machine.code == 0
    code, output = machine.run(f"set -e{CONTAINER}")
    assert code == 0, output

    # The way is open in both cases: the refusal of a request without a token arrives.
    far = "ip netns exec container curl -s --max-time 5 -o /dev/null -w '%{http_code}'"
    assert machine.run(f"{far} {METADATA}/meta-data/")[1] == "401"
    put = f"{far} -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {METADATA}/api/token"
    assert machine.run(put)[1].endswith("200") is answers
    assert machine.run(put.removeprefix("ip netns exec container "))[1] == "200"


def test_the_aws_cli_has_the_credentials_of_the_role_and_no_variables(booted: Boot) -> None:
    machine = booted("#!/bin/bash\nenv\n")
    assert machine.code == 0

    assert "AWS_" not in machine.output
    listed = machine.run("aws configure list")[1]
    assert "iam-role" in listed, listed


def test_has_a_network_a_disk_and_processes_of_its_own(booted: Boot) -> None:
    machine = booted(disk="64m")
    assert machine.code == 0

    assert machine.run("ls /sys/class/net")[1].split() == ["ens5", "lo"]
    assert machine.run("timeout 3 bash -c '</dev/tcp/192.0.2.1/80'")[0] != 0
    assert machine.run("df --output=size --block-size=1M / | tail -1")[1] == "64"
    code, output = machine.run("head -c 100M /dev/zero > /large")
    assert code != 0
    assert "No space left" in output
    assert str(os.getpid()) not in machine.run("ps -e -o pid= -o args= | grep pytest")[1]


def test_reboots_with_its_disk_and_without_its_user_data(booted: Boot) -> None:
    machine = booted("#!/bin/bash\necho once >> /count\n")
    assert machine.code == 0
    before = machine.run(STARTED)[1]

    machine.run("systemctl reboot")
    eventually(
        lambda: machine.run(STARTED) != (0, before) and machine.run("systemctl is-system-running")[1] == "running",
        "it runs again",
    )
    assert machine.run("cat /count /var/lib/cloud/data/instance-id") == (0, "once\ni-0123456789abcdef0")


def test_two_at_once_have_the_same_address_and_do_not_meet(booted: Boot) -> None:
    one, other = (
        booted("#!/bin/bash\necho one > /name\n"),
        booted("#!/bin/bash\necho other > /name\n", instance_id="i-2"),
    )
    assert (one.code, other.code) == (0, 0)
    assert (one.run("cat /name; hostname -I")[1].split(), other.run("cat /name; hostname -I")[1].split()) == (
        ["one", "10.0.0.10"],
        ["other", "10.0.0.10"],
    )

    one.end()
    assert other.run("cat /name") == (0, "other")


def test_leaves_nothing_behind_when_it_ends(booted: Boot) -> None:
    machine = booted()
    assert machine.code == 0
    [supervisor] = supervisors(machine.directory)
    assert cgroup(supervisor).is_dir()
    # Only the machine itself sees its disk and its network.
    assert str(machine.directory) not in Path("/proc/self/mountinfo").read_text()
    assert not {"ens5", "fabric"} & {path.name for path in Path("/sys/class/net").iterdir()}

    machine.end()
    assert not cgroup(supervisor).exists()
    assert processes(str(machine.directory)) == {}
    assert not machine.alive
    assert not machine.directory.exists()
    with pytest.raises(MachineEndedError, match="does not run"):
        machine.socket()


def test_ends_when_it_is_shut_down(booted: Boot) -> None:
    machine = booted()
    assert machine.code == 0

    machine.run("systemctl --no-block poweroff")
    eventually(lambda: not machine.alive, "it ends")
    assert not machine.directory.exists()


KILLED = """
import sys, time
from pathlib import Path
sys.path[:0] = {path!r}
from machines import boot
machine = boot(Path({directory!r}), "#!/bin/bash\\n")
print("ready", machine.wait_for_boot(120), flush=True)
time.sleep(600)
"""


def processes(word: str) -> dict[int, str]:
    """Commands of this machine that have a word in them, by process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in command:
                found[int(path.parent.name)] = command
    return found


def supervisors(directory: Path) -> list[int]:
    return [number for number, command in processes(str(directory)).items() if "supervisor.py" in command]


@pytest.mark.parametrize("victim", ["the embedded AWS", "the supervisor"])
def test_leaves_nothing_behind_when_a_process_is_killed(tmp_path: Path, victim: str) -> None:
    directory = tmp_path / "machine"
    program = tmp_path / "program.py"
    program.write_text(KILLED.format(path=sys.path, directory=str(directory)))
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready 0\n"
            [supervisor] = supervisors(directory)
            os.kill(process.pid if victim == "the embedded AWS" else supervisor, signal.SIGKILL)
            eventually(lambda: set(processes(str(directory))) <= {supervisor}, "its processes end")
        finally:
            process.kill()
    if victim == "the embedded AWS":
        eventually(lambda: not cgroup(supervisor).exists() and not directory.exists(), "it is removed")
        return
    # An empty cgroup is left, which the next machine removes. Not all of a machine's processes name its directory.
    events = cgroup(supervisor) / "cgroup.events"
    eventually(lambda: "populated 0" in events.read_text(), "all processes in its cgroup end")
    eventually(lambda: not Path(f"/proc/{supervisor}").exists(), "nobody waits for the supervisor")
    command = [sys.executable, "-I", "-S", SUPERVISOR, cgroup_mount(), tmp_path / "other", "true"]
    subprocess.run(command, check=True)
    assert not cgroup(supervisor).exists()


def test_sees_only_cgroups_of_its_own(booted: Boot) -> None:
    machine = booted()
    assert machine.code == 0

    assert machine.run("grep ^0: /proc/1/cgroup")[1] == "0::/init.scope"
    assert machine.run("ls -d /sys/fs/cgroup/embedded-aws-* 2> /dev/null")[0] != 0
