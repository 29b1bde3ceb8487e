"""The cgroups of nodes: a group for each cluster in every controller of cgroup v1, and one for each node in it."""

from __future__ import annotations

from pathlib import Path

#: Prefix of all clusters' control groups.
PREFIX = "embedded-aws-nodes-"

_MOUNTS = Path("/proc/self/mountinfo")


def controllers() -> list[Path]:
    """Return where the controllers of cgroup v1 are mounted."""
    return _mounted("cgroup")


def is_unified() -> bool:
    """Say whether the machine has cgroup v2 and no controller of v1; `systemd` is a hierarchy, and no controller."""
    return bool(_mounted("cgroup2")) and all(path.name == "systemd" for path in controllers())


def _mounted(kind: str) -> list[Path]:
    mounts = [line.partition(" - ") for line in _MOUNTS.read_text(encoding="utf-8").splitlines()]
    return [Path(mount.split()[4]) for mount, _, rest in mounts if rest.split()[0] == kind]


def make(group: str) -> None:
    """Make a group and those above it, in every controller."""
    for controller in controllers():
        path = controller
        for part in group.split("/"):
            above, path = path, path / part
            path.mkdir(exist_ok=True)
            if "cpuset" in controller.name.split(","):
                # A new one has no processor and no memory, and takes no process.
                for name in ("cpuset.cpus", "cpuset.mems"):
                    (path / name).write_text((above / name).read_text())


def members(group: str) -> list[Path]:
    """Return the files that a process joins a group with."""
    return [controller / group / "cgroup.procs" for controller in controllers()]
