"""Packages of Debian that are taken apart, and not installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.programs import CannotRunError

if TYPE_CHECKING:
    from collections.abc import Sequence


def can_unpack() -> bool:
    """Say whether this machine has the tools."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg") is not None


def unpack(packages: Sequence[str], target: Path) -> None:
    """Put the files of packages below a directory.

    Args:
        packages: their names.
        target: the directory.

    Raises:
        CannotRunError: they cannot be downloaded.
    """
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(  # noqa: S603 - packages of the distribution
            ["apt-get", "download", "-o", "APT::Sandbox::User=root", *packages],  # noqa: S607 - of the PATH
            cwd=directory,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotRunError(f"apt-get could not download {', '.join(packages)}:\n{done.stderr[-1000:]}")
        for package in Path(directory).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(target)], check=True)  # noqa: S603, S607 - a tool of this machine
