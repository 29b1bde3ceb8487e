"""The first process of a node, in mount, network, host name and process namespaces of its own.

`node_init.py <specification>`: a JSON file with the keys `name`, `directory`, `address`, `gateway`, `routes` (by
subnet), `controllers` (of cgroups), `group`. Writes the file `process` in its directory once it can be given an
interface, and `ready` once it has it. What the node writes stays there; the rest of the host's files is there to read.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

# Values that kubelet insists on, without changing them for the host.
_SYSCTLS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1_000_000,
    "kernel/keys/root_maxbytes": 25_000_000,
}
_OWN = ("/var/lib/kubelet", "/var/lib/containerd", "/var/log/pods", "/var/log/containers")


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)  # noqa: S603, S607 - our own arguments, a program of the PATH


def _write(path: Path, content: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(content)
    partial.rename(path)


def _join_cgroup(controllers: list[str], group: str) -> None:
    for controller in controllers:
        Path(controller, group, "cgroup.procs").write_text("0")
    os.unshare(os.CLONE_NEWCGROUP)


def _mount_all(directory: Path, controllers: list[str], group: str) -> None:
    _mount("-t", "proc", "proc", "/proc")
    _mount("-t", "tmpfs", "tmpfs", "/run")
    for name in ("netns", "lock", "containerd", "sysctl"):
        Path("/run", name).mkdir()
    for name, value in _SYSCTLS.items():
        path = Path("/run/sysctl", name.replace("/", "."))
        path.write_text(f"{value}\n")
        with contextlib.suppress(subprocess.CalledProcessError):  # not every kernel has all of them
            _mount("--bind", str(path), f"/proc/sys/{name}")
    for name in ("var", "etc", "opt"):
        # Mount points are made in here, and not in the host's own.
        upper, work = directory / "upper" / name, directory / "work" / name
        for made in (upper, work):
            made.mkdir(parents=True)
        _mount("-t", "overlay", "overlay", "-o", f"lowerdir=/{name},upperdir={upper},workdir={work}", f"/{name}")
    for name in _OWN:
        own = directory / "own" / name[1:]
        own.mkdir(parents=True)
        Path(name).mkdir(parents=True, exist_ok=True)
        _mount("--bind", str(own), name)
    for controller in controllers:
        _mount("--bind", f"{controller}/{group}", controller)
    _hide_unified_cgroups()
    _mount("--make-rshared", "/")


def _hide_unified_cgroups() -> None:
    """Unmount cgroup v2, where runc would make a group of the host for every container beside that of v1."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, rest = line.partition(" - ")
        if rest.split()[0] == "cgroup2":
            subprocess.run(["umount", mount.split()[4]], check=True)  # noqa: S603, S607 - a program of the PATH


def _connect(specification: dict[str, Any]) -> None:
    while "eth0" not in [name for _, name in socket.if_nameindex()]:
        time.sleep(0.01)
    commands = ["link set lo up", f"addr add {specification['address']}/24 dev eth0", "link set eth0 up"]
    commands.append(f"route add default via {specification['gateway']}")
    commands += [f"route add {subnet} via {address}" for subnet, address in specification["routes"].items()]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)  # noqa: S607 - of the PATH
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def main() -> None:
    """Makes the node, and then collects processes that have lost their parent."""
    specification = json.loads(Path(sys.argv[1]).read_text())
    directory = Path(specification["directory"])
    # The host's /proc is still mounted, and has this process under its id on the host.
    process = str(Path("/proc/self").readlink())
    controllers, group = specification["controllers"], specification["group"]
    _join_cgroup(controllers, group)
    _mount_all(directory, controllers, group)
    socket.sethostname(specification["name"])
    _write(directory / "process", process)
    _connect(specification)
    _write(directory / "ready", "")
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            time.sleep(0.2)


if __name__ == "__main__":
    main()
