"""Tells whether this machine lets a function have a file system view of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SANDBOX = Path(__file__).resolve().parents[1] / "awslambda" / "sandbox.py"


@cache
def why_not() -> str | None:
    """Return the reason why functions cannot run here, or None when they can.

    Layers must appear at `/opt` and the code at `/var/task`, because that is where the deployed code looks. Only
    a mount namespace gives that without touching the host.
    """
    if sys.platform != "linux":
        return (
            f"the embedded AWS needs Linux mount namespaces to show a function its layers at /opt, and {sys.platform} "
            "has none: run it in a Linux machine, container or WSL 2"
        )
    with tempfile.TemporaryDirectory(prefix="embedded-aws-probe-") as directory:
        root = Path(directory) / "root"
        private = Path(directory) / "tmp"
        root.mkdir()
        private.mkdir()
        specification = {
            "root": str(root),
            "binds": [],
            "links": {},
            "hidden": [],
            "tmp": str(private),
            "keep": [],
            "cwd": "/",
            "command": ["/bin/true"],
        }
        result = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-I", "-S", str(SANDBOX), json.dumps(specification)],
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode == 0:
        return None
    return (
        "the embedded AWS cannot make a mount namespace here, neither as root nor through an unprivileged user "
        f"namespace ({result.stderr.strip()[-300:]}): allow one of the two (in a container: --privileged or "
        "--cap-add SYS_ADMIN; on a host: kernel.unprivileged_userns_clone=1 or "
        "kernel.apparmor_restrict_unprivileged_userns=0)"
    )
