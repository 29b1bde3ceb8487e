"""The cgroups of nodes: a group for each cluster in every controller of cgroup v1, and one for each node in it."""

from __future__ import annotations

from pathlib import Path

#: What the groups of all clusters begin with.
PREFIX = "embedded-aws-nodes-"


def controllers() -> list[Path]:
    """Return where the controllers of cgroup v1 are mounted."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mount, _, rest = line.partition(" - ")
        if rest.split()[0] == "cgroup":
            found.append(Path(mount.split()[4]))
    return found


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
