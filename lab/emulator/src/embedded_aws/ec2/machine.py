"""One instance: namespaces of its own, in which its user data runs. It knows nothing of MiniStack."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.host.plane import Plane, Streams

_Socket = socket.socket
IMAGE = Path(__file__).with_name("image")

_ENDED = re.compile(r"user data ended with (-?\d+)")
#: Credentials of the account, for an instance without a role.
ACCOUNT_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class MachineEndedError(ConnectionError):
    """The instance is no more."""


@dataclass(frozen=True)
class Host:
    """The machine that an instance runs on.

    Attributes:
        python: its /usr/bin/python3; None where its image has one.
        aws: its AWS CLI; None where its image has one.
        aws_port: the loopback port at which it finds AWS, and nothing else.
        plane: carries what it sends there.
        disk: the most that the directory of models may hold, as tmpfs takes it, such as `20g`.
        cpuinfo: stands in for /proc/cpuinfo.
        credentials: the variables that its programs find AWS with.
    """

    python: Path | None
    aws: Path | None
    aws_port: int
    plane: Plane
    disk: str = "8g"
    cpuinfo: Path | None = None
    credentials: dict[str, str] = field(default_factory=lambda: dict(ACCOUNT_CREDENTIALS))


class Machine:
    """A running instance. Its processes, its network and its files end with it."""

    def __init__(
        self,
        instance_id: str,
        user_data: str,
        directory: Path,
        host: Host,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Boots it, and returns at once.

        Args:
            instance_id: what it finds out that it is.
            user_data: a script.
            directory: for its files; made.
            host: what it is made on.
            on_line: gets each line of its console.

        Raises:
            PermissionError: only root may lay a file system over that of the host.
        """
        if os.geteuid() != 0:
            raise PermissionError("the emulator makes instances as root only: start it with sudo, or in a container")
        self.instance_id, self.directory = instance_id, directory
        directory.mkdir(parents=True)
        (directory / "user-data").write_text(user_data, encoding="utf-8")
        self._console: list[str] = []
        self._on_line = on_line
        self._booted, self._lock = threading.Event(), threading.Lock()
        self._code = -1
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command, environment = self._boot(host, theirs.fileno())
            self._process = subprocess.Popen(  # noqa: S603 - util-linux, and our own programs
                [str(word) for word in command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        threading.Thread(target=self._read_console, daemon=True).start()

        async def to_aws() -> Streams:
            return await asyncio.open_connection("127.0.0.1", host.aws_port)

        self._plane = host.plane
        self._way_out = host.plane.forward(self._receive_socket(), to_aws)

    def _boot(self, host: Host, control: int) -> tuple[list[object], dict[str, str]]:
        """The command that boots it, and all its variables.

        Args:
            host: what it is made on.
            control: the descriptor of the control socket, which the command inherits.
        """
        namespaces = ["--mount", "--pid", "--net", "--fork", "--kill-child"]
        init = [sys.executable, "-I", "-S", IMAGE / "init.py", control, host.aws_port]
        boot = [IMAGE / "boot", self.directory / "root", IMAGE, host.python, host.aws, self.instance_id]
        boot += [host.cpuinfo or "-", host.disk, self.directory / "user-data"]
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{host.aws_port}",
            "AWS_EC2_METADATA_DISABLED": "true",
            **host.credentials,
        }
        return ["unshare", *namespaces, *init, *boot], environment

    def wait_for_boot(self, timeout: float | None = None) -> int:
        """Waits until the user data has ended and gives its exit code; -1 when the instance ended before."""
        self._booted.wait(timeout)
        return self._code

    @property
    def console(self) -> str:
        """The output of the boot so far."""
        return "\n".join(self._console)

    @property
    def alive(self) -> bool:
        """Tells whether it runs."""
        return self._process.poll() is None

    def socket(self) -> _Socket:
        """A socket in its network, not yet connected: 127.0.0.1 is the instance.

        Raises:
            MachineEndedError: it does not run.
        """
        with self._lock:
            self._send(b"socket")
            return self._receive_socket()

    def connect(self, port: int) -> _Socket:
        """A connection to one of its ports.

        Raises:
            OSError: nothing listens there.
        """
        made = self.socket()
        try:
            made.connect(("127.0.0.1", port))
        except OSError:
            made.close()
            raise
        return made

    def run(self, command: str) -> tuple[int, str]:
        """Runs a shell command on it, as an administrator would: its exit code and what it printed."""
        with self._lock:
            self._send(command.encode())
            answer = json.loads(self._control.recv(1 << 18))
        return answer["code"], answer["output"].strip()

    def end(self) -> None:
        """Ends it at once, as a power failure would."""
        self._stop(self._process)
        self._booted.set()
        self._plane.close(self._way_out)
        self._control.close()
        # The instance's file systems went with its namespace; what lies here is the host's.
        shutil.rmtree(self.directory, ignore_errors=True)

    def _stop(self, process: subprocess.Popen[str]) -> None:
        """Ends the command of its boot, and waits for that."""
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()

    def _send(self, request: bytes) -> None:
        try:
            self._control.send(request)
        except OSError as error:
            raise MachineEndedError(f"instance {self.instance_id} does not run") from error

    def _receive_socket(self) -> _Socket:
        try:
            _, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        except OSError:
            descriptors = []
        if not descriptors:
            raise MachineEndedError(f"instance {self.instance_id} does not run: {self.console[-300:]}")
        return socket.socket(fileno=descriptors[0])

    def _read_console(self) -> None:
        for line in self._process.stdout or ():
            text = line.rstrip("\r\n")
            if ended := _ENDED.fullmatch(text):
                self._code = int(ended[1])
                self._booted.set()
            else:
                self._console.append(text)
                self._on_line(text)
        self._booted.set()
