"""The installer of Python packages that this machine offers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.host.pythons import HostPython


class InstallError(RuntimeError):
    """A package could not be installed."""


@cache
def find_uv() -> Path | None:
    """The uv that runs this process, that lies in a neighboring environment, or that is on the PATH."""
    for candidate in (os.environ.get("UV"), str(Path(sys.prefix).parent / "uv" / "bin" / "uv"), shutil.which("uv")):
        if candidate and os.access(candidate, os.X_OK):
            return Path(candidate)
    return None


def install(requirement: str, python: HostPython, target: Path) -> None:
    """Installs the build of one package that fits an interpreter, without its dependencies.

    Args:
        requirement: `name==version`.
        python: the interpreter that will import it.
        target: the directory to fill.

    Raises:
        InstallError: no such build, or no network.
    """
    uv = find_uv()
    if uv:
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python.executable)]
    else:
        command = [str(python.executable), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--target", str(target), "--no-deps", "--only-binary", ":all:", requirement]
    result = subprocess.run(  # noqa: S603 - uv or pip of this machine
        command,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise InstallError(f"could not install {requirement} for Python {python.minor}: {result.stderr.strip()[-800:]}")
