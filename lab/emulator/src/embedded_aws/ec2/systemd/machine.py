"""One instance that boots as a machine: systemd, cloud-init, and an instance metadata service."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.ec2 import stock
from embedded_aws.ec2.machine import Host, Machine
from embedded_aws.ec2.systemd.image import cgroup_mount
from embedded_aws.ec2.systemd.metadata import Identity, MetadataService
from embedded_aws.host.pythons import find_python

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HERE = Path(__file__).resolve().parent
_LONGEST_END_SECONDS = 30.0
#: Path at which an instance finds the host's directories that it can read.
SHARED = "/opt/host"
_PYTHON_AT = "/opt/python3"


@dataclass(frozen=True)
class Disk:
    """The files that a machine boots from.

    Attributes:
        image: the root, which it does not change.
        shared: directories of this machine that it can read, below `/opt/host`.
    """

    image: Path
    shared: Sequence[Path] = ()


class SystemdMachine(Machine):
    """A running machine. Its processes, its network, its disk and its cgroup end with it."""

    def __init__(
        self,
        identity: Identity,
        directory: Path,
        host: Host,
        disk: Disk,
        on_line: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Boots it, and returns once its disk and network are there.

        Args:
            identity: what its metadata service says.
            directory: for its files; made.
            host: what it is made on; `disk` is the size of its whole disk. Its programs are the image's.
            disk: what it boots from.
            on_line: gets each line of its console.

        Raises:
            MachineEndedError: its disk or its network could not be made.
        """
        self._image, self._identity = disk.image, identity
        self._shared = {path: f"{SHARED}{path}" for path in disk.shared}
        self._python = ["-", ""]
        if python := find_python(stock.PYTHON):
            self._shared[python.prefix] = _PYTHON_AT
            libraries = sorted(path.name for path in (python.prefix / "lib").glob("libpython*.so.*"))
            self._python = [f"{_PYTHON_AT}/{python.executable.relative_to(python.prefix)}", " ".join(libraries)]
        super().__init__(identity.instance_id, identity.user_data, directory, host, on_line)
        self._metadata = host.plane.serve(self._receive_socket(), MetadataService(identity).handle)

    def end(self) -> None:
        """Ends it at once, as a power failure would."""
        super().end()
        self._plane.close(self._metadata)

    def _boot(self, host: Host, control: int) -> tuple[list[object], dict[str, str]]:
        namespaces = ["--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child"]
        supervisor = [sys.executable, "-I", "-S", _HERE / "supervisor.py", cgroup_mount(), self.directory]
        init = [sys.executable, "-I", "-S", _HERE / "init.py", control, host.aws_port, self._image, self.directory]
        machine = [self.instance_id, host.disk, self._identity.address, *self._python]
        binds = [f"{path}:{place}" for path, place in self._shared.items()]
        return [*supervisor, "unshare", *namespaces, *init, *machine, *binds], {"PATH": os.environ["PATH"]}

    def _stop(self, process: subprocess.Popen[str]) -> None:
        """The supervisor ends the machine, and then removes what it leaves."""
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LONGEST_END_SECONDS)
        super()._stop(process)
