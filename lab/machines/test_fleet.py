"""A fleet's launch template on a machine: the unit in its sandbox, restarts, failures and the end of the server.

The user data is the product's, unchanged. The server is mostly a small program that shows what the unit allows it.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from machines import ROOT, SERVER, Booted, MachineFleet, eventually, server, stand_in

#: Program that tries what a server can do, and prints each outcome: a result, or the name of an error.
PROBE = r"""
import ctypes, pathlib, subprocess, urllib.request
def attempt(action):
    try:
        return str(action())
    except BaseException as error:
        return getattr(error, "strerror", None) or str(getattr(error, "reason", error))
def number(call, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, call)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"
write = lambda path: attempt(lambda: pathlib.Path(path).write_text("x"))
lines = pathlib.Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
places = ("/etc/x", "/usr/x", "/models/digits/x", "/var/lib/x", "/proc/sys/kernel/hostname")
print("PROBE " + json.dumps({
    "uid": os.getuid(),
    "capabilities": [status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no new privileges": status["NoNewPrivs"],
    "system calls filtered": status["Seccomp"],
    "writes": {path: write(path) for path in places},
    "writes to its own /tmp": write("/tmp/x"),
    "homes": {path: attempt(lambda: os.listdir(path)) for path in ("/root", "/home/ec2-user")},
    "becomes root": attempt(lambda: os.setuid(0)),
    "su": attempt(lambda: subprocess.run(["su", "-c", "true"], check=True, capture_output=True)),
    "mounts": attempt(lambda: number("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)),
    "reboots": attempt(lambda: number("reboot", 0)),
    "opens a packet socket": attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)),
    "opens a raw socket": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "other processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()),
    "devices": sorted(os.listdir("/dev")),
    "metadata": attempt(lambda: urllib.request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=5)),
    # Last: it takes this process' other capabilities away.
    "unshares": attempt(lambda: number("unshare", 0x10000000)),
}), flush=True)
"""


def succeeded(fleet: MachineFleet, program: str, **options: Any) -> Booted:
    booted: Any = fleet.boot(server=program, **options)
    assert booted.code == 0, booted.output
    assert fleet.stack.status() == "CREATE_COMPLETE"
    return booted


def outcome(text: str) -> dict[str, Any]:
    [line] = [one for one in text.splitlines() if one.startswith("PROBE ")]
    found: dict[str, Any] = json.loads(line.removeprefix("PROBE "))
    return found


def test_the_sandbox_is_in_force(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, server(PROBE))

    found = outcome(booted.journal())
    assert found["uid"] >= 61184  # the first of systemd's dynamic users
    assert found["capabilities"] == ["0000000000000000"] * 5
    assert (found["no new privileges"], found["system calls filtered"]) == ("1", "2")
    assert set(found["writes"].values()) <= {"Read-only file system", "Permission denied"}, found["writes"]
    assert found["writes to its own /tmp"] == "1"
    assert booted.run("ls /tmp/x")[0] != 0
    assert set(found["homes"].values()) <= {"Permission denied", "No such file or directory", "[]"}, found["homes"]
    assert found["homes"]["/root"] != "[]"
    refused = {"Operation not permitted", "Address family not supported by protocol"}
    for attempt in ("becomes root", "mounts", "unshares", "reboots"):
        assert found[attempt] == "Operation not permitted", (attempt, found[attempt])
    for attempt in ("opens a packet socket", "opens a raw socket"):
        assert found[attempt] in refused, (attempt, found[attempt])
    assert "returned non-zero exit status" in found["su"]
    assert found["other processes"] == []
    assert not {"kmsg", "mem", "console", "fuse"} & set(found["devices"])
    # The address is denied by a filter of the unit's cgroup: other units, such as the senders, reach it.
    assert found["metadata"] in {"Operation not permitted", "timed out"}, found["metadata"]


def test_what_the_sandbox_forbids_is_possible_without_it(fleet: MachineFleet) -> None:
    """Negative control: the same program, run by root outside of the unit. Its port is taken, and it ends."""
    booted = succeeded(fleet, server(PROBE))

    found = outcome(booted.run("mkdir -p /home/ec2-user; timeout 60 /usr/bin/tensorflow_model_server")[1])
    assert found["capabilities"][2] != "0000000000000000"
    assert {found["writes"][path] for path in ("/etc/x", "/usr/x", "/models/digits/x", "/var/lib/x")} == {"1"}
    assert set(found["homes"].values()).isdisjoint({"Permission denied", "No such file or directory"}), found["homes"]
    for attempt in ("mounts", "unshares"):
        assert found[attempt] == "done", (attempt, found[attempt])
    assert found["reboots"] == "Invalid argument"
    for attempt in ("opens a packet socket", "opens a raw socket"):
        assert found[attempt].startswith("<socket.socket"), (attempt, found[attempt])
    assert 1 in found["other processes"]
    # Reached, and refused only because the request had no token.
    assert found["metadata"] == "Unauthorized"


@pytest.mark.timeout(600)
def test_tensorflow_answers_predictions_in_the_sandbox(fleet: MachineFleet) -> None:
    program, fleet.options["shared"] = stand_in()
    succeeded(fleet, program)

    held_out = json.loads((ROOT / "examples" / "digits" / "held_out.json").read_text())[:20]
    _, answer = fleet.answer("/v1/models/digits:predict", {"instances": [one["image"] for one in held_out]})
    decided = [max(range(10), key=row.__getitem__) for row in answer["predictions"]]
    assert sum(digit == one["label"] for digit, one in zip(decided, held_out, strict=True)) >= 19


def test_the_exposure_of_the_unit_stays_low(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, server())

    found = re.search(
        r"Overall exposure level for \S+: ([\d.]+)", booted.run(f"systemd-analyze security {SERVER} --no-pager")[1]
    )
    assert found
    assert float(found[1]) <= 2.5


def test_systemd_finds_nothing_wrong_with_the_units(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, server(), metrics=True, logging=True)

    code, output = booted.run("systemd-analyze verify --man=no /etc/systemd/system/model-server*.service")
    assert (code, output) == (0, "")
    for unit in ("model-server-metrics.service", "model-server-log.service"):
        assert booted.show("ActiveState", unit) == "active", booted.journal(unit)


@pytest.mark.timeout(600)
def test_the_server_s_log_reaches_cloudwatch_with_the_role_s_credentials(fleet: MachineFleet) -> None:
    succeeded(fleet, server("print('a line of the server', flush=True)"), logging=True)

    # The program that sends the log yields to everything else, and so takes minutes on a busy machine.
    stream = f"{fleet.group_id}/server"
    eventually(lambda: any("a line of the server" in line for line in fleet.events(stream)), "the line is there", 400)


@pytest.mark.fault
def test_a_server_that_dies_is_restarted(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, server())
    before = booted.show("MainPID")

    booted.run(f"kill -KILL {before}")

    eventually(lambda: fleet.serves() and booted.show("MainPID") not in {"0", before}, "it answers again")
    assert booted.show("NRestarts") == "1"
    assert "status=9/KILL" in booted.journal()


@pytest.mark.fault
def test_a_server_that_always_dies_fails_the_instance_with_the_end_of_its_log(fleet: MachineFleet) -> None:
    booted: Any = fleet.boot(server="#!/bin/sh\necho illegal instruction\nexit 132\n")

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    assert re.match(r"FAILURE: the server does not stay up: .*illegal instruction", fleet.log()[0]), fleet.log()
    # The server does not come back, now or after a reboot.
    assert booted.show("ActiveState") in {"inactive", "failed"}
    assert booted.run(f"systemctl is-enabled {SERVER}")[1] == "disabled"


@pytest.mark.fault
def test_a_reboot_brings_the_server_back_without_fetching_anything(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, server())
    before = booted.run("systemctl show --property UserspaceTimestampMonotonic")[1]
    fleet.s3.delete_object(Bucket=fleet.bucket, Key="server")

    booted.run("systemctl reboot")

    eventually(
        lambda: booted.run("systemctl show --property UserspaceTimestampMonotonic") != (0, before) and fleet.serves(),
        "it answers",
    )
    assert booted.show("NRestarts") == "0"
    assert fleet.log() == ["SUCCESS"]


@pytest.mark.fault
def test_a_full_disk_fails_the_instance_with_the_reason(fleet: MachineFleet) -> None:
    def enlarge(given: Any, _: Any) -> None:
        content = server().encode() + b"\n#" + b"x" * 40_000_000
        given.s3.put_object(Bucket=given.bucket, Key="server", Body=content)

    booted: Any = fleet.boot(server=server(), disk="32m", change=enlarge)

    assert booted.code == 1
    assert "FAILURE: the disk is full: give the instances a larger volumeSize" in fleet.log()[0]


def test_the_boot_needs_the_metadata_service(fleet: MachineFleet) -> None:
    """Negative control: without the role's credentials nothing is fetched."""
    fleet.options.update(role="", credentials={})
    booted: Any = fleet.boot(server=server(), seconds=20)

    assert booted.code == 1
    assert "Unable to locate credentials" in booted.output


DRAIN_SECONDS = 20
LOGS_SIGTERM = server(on_stop="print('SIGTERM', flush=True)")


def drains(fleet: MachineFleet, booted: Booted) -> None:
    """Drains the server: it answers while ExecStop runs, and gets no signal before its end."""
    stopping = eventually(lambda: int(booted.show("ControlPID")), "ExecStop runs")
    command = f"tr '\\0' ' ' < /proc/{stopping}/cmdline"
    eventually(lambda: booted.run(command)[1].strip() == f"/usr/bin/sleep {DRAIN_SECONDS}", "it is the product's")
    assert booted.show("ActiveState") == "deactivating"
    assert fleet.serves()
    assert "SIGTERM" not in booted.journal()
    assert booted.show("ControlPID") == str(stopping)


def test_stopping_the_server_lets_requests_end_first(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, LOGS_SIGTERM, drain_seconds=DRAIN_SECONDS)

    booted.run(f"systemctl stop --no-block {SERVER}")

    drains(fleet, booted)
    eventually(lambda: booted.show("ActiveState") == "inactive", "it has stopped")
    assert "SIGTERM" in booted.journal()
    assert not fleet.serves()


def test_shutting_down_lets_requests_end_first(fleet: MachineFleet) -> None:
    booted = succeeded(fleet, LOGS_SIGTERM, drain_seconds=DRAIN_SECONDS)

    booted.run("systemctl --no-block poweroff")

    drains(fleet, booted)
    eventually(lambda: not booted.alive, "the machine has shut down")
    assert not fleet.serves()
