"""Requirements of real nodes on this machine."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from embedded_aws.eks.real_nodes.cgroups import controllers, is_unified

COMMANDS = ("ip", "mount", "nsenter", "openssl", "unshare")
_NEEDED = ("cpu", "cpuset", "devices", "freezer", "memory", "pids")


def why_not() -> str | None:
    """Return why real nodes cannot run on this machine, or None where they can."""
    if sys.platform != "linux":
        return f"real nodes need Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return f"real nodes need root, for namespaces and cgroups, and this is user {os.geteuid()}"
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if missing:
        return f"real nodes need {', '.join(COMMANDS)} on the PATH, and {', '.join(missing)} is missing"
    return _why_no_cgroups()


def _why_no_cgroups() -> str | None:
    if is_unified():
        return (
            "real nodes need cgroup v1, and this machine has cgroup v2 alone: boot it with "
            "systemd.unified_cgroup_hierarchy=0 on the kernel's command line, which systemd 258 and newer ignore"
        )
    mounted = controllers()
    found = {name for path in mounted for name in path.name.split(",")}
    absent = [name for name in _NEEDED if name not in found]
    if absent:
        needed = ", ".join(_NEEDED)
        return f"real nodes need cgroup v1, mounted with the controllers {needed}: {', '.join(absent)} is missing"
    readonly = [str(path) for path in mounted if not os.access(path, os.W_OK)]
    if readonly:
        return f"real nodes need writable cgroups, and {', '.join(readonly)} is read-only"
    if not Path("/proc/self/ns/cgroup").exists():
        return "real nodes need cgroup namespaces, which this kernel lacks"
    return None
