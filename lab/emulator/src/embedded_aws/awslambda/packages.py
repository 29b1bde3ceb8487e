"""Replaces a function's compiled packages by builds for this host, if the host lacks the function's Python.

A layer contains packages compiled for the function's Python. If the host has that Python, nothing changes. Otherwise
the function runs on another version, and each compiled package is replaced by the same version of it built for that
Python. The `*.dist-info` that installers leave next to a package has the version.
"""

from __future__ import annotations

import logging
import platform
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded_aws.host.shared_cache import kept
from embedded_aws.host.tools import InstallError, install

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.host.pythons import HostPython

_log = logging.getLogger("embedded_aws.awslambda")
_MACHINES = {"x86_64": ("x86_64", "i686", "amd64"), "aarch64": ("aarch64", "arm64")}


class NoBuildError(RuntimeError):
    """A compiled package fits the function's Python only, and nothing says which version it is."""


@dataclass(frozen=True)
class Distribution:
    """An installed package.

    Attributes:
        name: as in its metadata.
        version: as in its metadata.
        tags: the wheel's compatibility tags.
        entries: its files and directories directly below the directory it is installed in.
    """

    name: str
    version: str
    tags: tuple[str, ...]
    entries: frozenset[str]

    def fits(self, python: HostPython) -> bool:
        """Tells whether the build that was installed runs on an interpreter of this machine."""
        return any(_tag_fits(tag, python) for tag in self.tags)


def distributions(directory: Path) -> list[Distribution]:
    """The packages installed in a directory, by the metadata that they left there."""
    found = []
    for metadata in sorted(directory.glob("*.dist-info")):
        name, _, version = metadata.name.removesuffix(".dist-info").partition("-")
        wheel = metadata / "WHEEL"
        tags = re.findall(r"^Tag:\s*(\S+)", wheel.read_text(encoding="utf-8"), re.MULTILINE) if wheel.is_file() else []
        found.append(Distribution(name, version, tuple(tags), _entries(directory, metadata, name)))
    return found


def substitute(directory: Path, python: HostPython, cache: Path) -> list[str]:
    """Replaces, in a directory of packages, every one whose build does not fit an interpreter.

    Args:
        directory: a private copy: it is changed.
        python: the interpreter that will import them.
        cache: where installed builds are kept.

    Returns:
        What was replaced, as `name==version`.

    Raises:
        NoBuildError: a compiled file fits no interpreter but the function's own, and no metadata names it.
    """
    replaced = []
    for distribution in distributions(directory):
        if distribution.fits(python):
            continue
        build = _build(distribution, python, cache)
        for entry in distribution.entries:
            _remove(directory / entry)
        shutil.copytree(build, directory, dirs_exist_ok=True, symlinks=True)
        replaced.append(", ".join(f"{made.name}=={made.version}" for made in distributions(build)))
    foreign = [path for path in directory.rglob("*.so") if _is_foreign(path.name, python)]
    if foreign:
        raise NoBuildError(
            f"{foreign[0].relative_to(directory)} fits another Python than {python.minor}, which runs here, and "
            "no *.dist-info beside it says which version of which package to take instead: keep the metadata in the "
            "layer, or install the function's own Python (pyenv and uv are found)",
        )
    return replaced


def _entries(directory: Path, metadata: Path, name: str) -> frozenset[str]:
    record = metadata / "RECORD"
    names = {metadata.name}
    if record.is_file():
        for line in record.read_text(encoding="utf-8").splitlines():
            first = line.split(",")[0].strip('"').split("/")[0]
            names.add(first)
    top_level = metadata / "top_level.txt"
    if top_level.is_file():
        names.update(top_level.read_text(encoding="utf-8").split())
    names.update({name, f"{name}.libs"})
    return frozenset(entry for entry in names if entry not in {"", "..", "bin"} and (directory / entry).exists())


def _tag_fits(tag: str, python: HostPython) -> bool:
    interpreter, abi, system = tag.split("-", 2)
    if system != "any" and not system.endswith(_MACHINES.get(platform.machine(), (platform.machine(),))):
        return False
    if abi == "none" and not interpreter.startswith("cp"):
        return True
    if abi == "abi3":
        return any(int(minor) <= python.version[1] for minor in re.findall(r"cp3(\d+)", interpreter))
    return python.tag in interpreter.split(".")


def _is_foreign(name: str, python: HostPython) -> bool:
    match = re.search(r"\.cpython-(\d+)-", name)
    return match is not None and f"cp{match.group(1)}" != python.tag


def _build(wanted: Distribution, python: HostPython, cache: Path) -> Path:
    def fill(target: Path) -> None:
        exact = f"{wanted.name}=={wanted.version}"
        _log.info("installing %s for Python %s, which stands in for the function's own", exact, python.minor)
        try:
            install(exact, python, target)
        except InstallError:
            _log.warning("%s was never built for Python %s: the newest version before it is taken", exact, python.minor)
            install(f"{wanted.name}<{wanted.version}", python, target)

    name = f"{wanted.name}-{wanted.version}-{python.tag}-{platform.machine()}"
    return kept(cache / "packages" / name, fill)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
