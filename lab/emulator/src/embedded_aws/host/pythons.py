"""Finds the Pythons of this machine: on the PATH, of pyenv, of uv."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

OLDEST = (3, 11)  # what stands in for a Python that the host lacks is at least this

_PROBE = """
import json, os, sys, sysconfig
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "executable": os.path.realpath(getattr(sys, "_base_executable", sys.executable)),
    "prefix": sys.base_prefix,
    "library": sysconfig.get_path("stdlib"),
    "wheels": sysconfig.get_config_var("WHEEL_PKG_DIR"),
    "implementation": sys.implementation.name,
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
}))
"""


@dataclass(frozen=True)
class HostPython:
    """One interpreter, never a virtual environment.

    Attributes:
        version: its full version.
        executable: the real file, links resolved.
        prefix: its installation.
        library: its standard library.
        wheels: holds the pip that it installs into virtual environments; distributions keep it in one place for all.
    """

    version: tuple[int, int, int]
    executable: Path
    prefix: Path
    library: Path
    wheels: Path

    @property
    def minor(self) -> str:
        """`3.13`."""
        return f"{self.version[0]}.{self.version[1]}"

    @property
    def tag(self) -> str:
        """`cp313`."""
        return f"cp{self.version[0]}{self.version[1]}"


@cache
def find_python(minor: str) -> HostPython | None:
    """The host's newest Python of a minor version.

    Args:
        minor: for example `3.13`.

    Returns:
        The interpreter, or None where the host has no such Python.
    """
    found = [python for path in _candidates(minor) if (python := probe(path)) and python.minor == minor]
    return max(found, key=lambda python: python.version, default=None)


@cache
def newest_python() -> HostPython:
    """The host's newest Python that can stand in for another one.

    Raises:
        LookupError: there is none; cannot happen, because the embedded AWS itself runs on one.
    """
    for minor in range(14, OLDEST[1] - 1, -1):
        if python := find_python(f"3.{minor}"):
            return python
    raise LookupError("no Python of 3.11 or newer was found")


def all_pythons() -> list[HostPython]:
    """Every Python that a function's runtime could ask for, oldest first."""
    return [python for minor in range(9, 15) if (python := find_python(f"3.{minor}"))]


def _candidates(minor: str) -> Iterator[Path]:
    if f"{sys.version_info[0]}.{sys.version_info[1]}" == minor:
        yield Path(sys.executable)
    for directory in os.get_exec_path():
        # A pyenv shim only says which version is selected; the versions themselves are listed below.
        if Path(directory).name != "shims" and (found := shutil.which(f"python{minor}", path=directory)):
            yield Path(found)
    for root in _pyenv_roots():
        yield from root.glob(f"versions/{minor}.*/bin/python{minor}")
    for root in _uv_roots():
        yield from root.glob(f"cpython-{minor}.*/bin/python{minor}")


def _pyenv_roots() -> Iterator[Path]:
    if root := os.environ.get("PYENV_ROOT"):
        yield Path(root)
    yield Path.home() / ".pyenv"


def _uv_roots() -> Iterator[Path]:
    if root := os.environ.get("UV_PYTHON_INSTALL_DIR"):
        yield Path(root)
    yield Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "uv" / "python"


def probe(path: Path) -> HostPython | None:
    """The interpreter at a path, or None where it is none that a function could run on."""
    try:
        result = subprocess.run(  # noqa: S603 - an interpreter of this machine, asked for its version
            [str(path), "-I", "-S", "-c", _PROBE],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        facts = json.loads(result.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if facts["implementation"] != "cpython" or facts["free_threaded"]:
        return None
    major, minor, micro = facts["version"]
    library = Path(facts["library"])
    wheels = Path(facts["wheels"]) if facts["wheels"] else library / "ensurepip" / "_bundled"
    return HostPython((major, minor, micro), Path(facts["executable"]), Path(facts["prefix"]), library, wheels)
