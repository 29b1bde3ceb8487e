"""Boots machines, and fleets of them."""

from __future__ import annotations

import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded_aws.ec2.machine import Host
from embedded_aws.ec2.systemd.image import built
from embedded_aws.ec2.systemd.machine import SHARED, Disk, SystemdMachine
from embedded_aws.ec2.systemd.metadata import Identity
from embedded_aws.host.plane import Plane
from embedded_aws.settings import default_cache_directory
from fleet import Fleet
from instance import ROOT
from running import Running

PLANE = Plane()
SERVER = "model-server.service"
ADDRESS = "10.0.0.10"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "test"}


class Booted(SystemdMachine):
    """A machine, and what its user data printed."""

    @property
    def code(self) -> int:
        """0 if its user data succeeded, once it has ended."""
        return self.wait_for_boot(180)

    @property
    def output(self) -> str:
        """All that its boot printed."""
        self.wait_for_boot(180)
        return self.console

    def show(self, name: str, unit: str = SERVER) -> str:
        """A property of a unit."""
        return self.run(f"systemctl show --value --property {name} {unit}")[1]

    def journal(self, unit: str = SERVER) -> str:
        return self.run(f"journalctl --no-pager --output cat --unit {unit}")[1]


def boot(
    directory: Path,
    user_data: str,
    *,
    instance_id: str = "i-0123456789abcdef0",
    port: int = 4566,
    disk: str = "1g",
    shared: tuple[Path, ...] = (),
    **identity: Any,
) -> Booted:
    """Boots a machine, and does not wait for its user data."""
    described = Identity(
        instance_id=instance_id,
        image_id="ami-1",
        instance_type="m7i.large",
        region="us-east-1",
        zone="us-east-1a",
        account="123456789012",
        address=ADDRESS,
        user_data=user_data,
        **{"role": "fleet", "credentials": CREDENTIALS, **identity},
    )
    host = Host(None, None, port, PLANE, disk=disk)
    return Booted(described, directory, host, Disk(built(default_cache_directory()), shared))


class MachineFleet(Fleet):
    """A fleet whose instances boot under systemd.

    Attributes:
        options: of `boot`, for the instances that start from then on.
    """

    def __init__(self, aws: Running, directory: Path) -> None:
        super().__init__(aws, directory)
        self.options: dict[str, Any] = {}

    def start(self, script: str, *, disk: str = "1g", **_: Any) -> Any:
        directory = self.directory / f"instance-{len(self.running)}"
        return boot(directory, script, instance_id=self.group_id, port=self.aws.port, disk=disk, **self.options)


def eventually(check: Callable[[], Any], what: str, seconds: float = 90) -> Any:
    """Polls until something is true, and returns it."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.2)
    return found


def server(before: str = "", on_stop: str = "") -> str:
    """A program in the place of the model's server, which answers what the boot asks for.

    Args:
        before: Python that runs first.
        on_stop: Python that runs on SIGTERM.
    """
    return f"""#!/usr/bin/python3
import http.server, json, os, signal, socket, sys, time
{before}
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({{"model_spec": {{"version": "7"}}, "pid": os.getpid()}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
def stop(*_):
    {on_stop or "pass"}
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
print("the server listens", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8501), Answer).serve_forever()
"""


def stand_in() -> tuple[str, tuple[Path, ...]]:
    """The stand-in for TensorFlow Serving as a program for a machine, and the directories that it reads there."""
    source, packages = ROOT / "lab" / "stand_ins", Path(sysconfig.get_path("purelib"))
    home, python = Path(sys.base_prefix).resolve(), Path(sys.executable).resolve()
    program = f"""#!/bin/sh
export TF_CPP_MIN_LOG_LEVEL=2 LD_LIBRARY_PATH={SHARED}{home}/lib PYTHONHOME={SHARED}{home}
export PYTHONPATH={SHARED}{source}:{SHARED}{packages}
exec {SHARED}{python} -m stand_in_server "$@"
"""
    return program, (source, packages, home)


__all__ = ["PLANE", "ROOT", "SERVER", "Booted", "MachineFleet", "boot", "eventually", "server", "stand_in"]
