"""Keeps the bytecode of installed packages from one build to the next.

A build installs packages without bytecode, and Python compiles each module when it is first imported, which takes
seconds for TensorFlow. Installed from uv's cache, the same packages are the same files in every build, so what one
build has compiled is right for the next: Python itself compares size and time of the source, and compiles anew where
they differ.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETS_KEPT = 4
"""Sets of packages whose bytecode is kept, some 30 MB each."""


def restore(source: Path, cache: Path) -> None:
    """Adds what earlier builds compiled to the virtual environments of a build.

    Args:
        source: the build's directory, with the environments directly below.
        cache: where bytecode is kept. On another file system nothing can be linked, and the build compiles by itself.
    """
    for packages in _environments(source):
        kept = cache / _digest(packages)
        for bytecode in kept.rglob("*.pyc"):
            target = packages / bytecode.relative_to(kept)
            # A directory may be missing: of a package that was not installed, or of a set that was just pruned.
            with contextlib.suppress(OSError):
                target.parent.mkdir(exist_ok=True)
                os.link(bytecode, target)


def save(source: Path, cache: Path) -> None:
    """Saves what a build has compiled.

    Args:
        source: the build's directory, with the environments directly below.
        cache: where bytecode is kept.
    """
    for packages in _environments(source):
        kept = cache / _digest(packages)
        for bytecode in packages.rglob("__pycache__/*.pyc"):
            with contextlib.suppress(OSError):
                _save_one(bytecode, kept / bytecode.relative_to(packages))
    _prune(cache)


def _environments(source: Path) -> Iterator[Path]:
    for configuration in source.glob("*/pyvenv.cfg"):
        yield from configuration.parent.glob("lib/python*/site-packages")


def _digest(packages: Path) -> str:
    """A name for exactly these files: two versions of a package may have files of the same size and time."""
    digest = hashlib.sha256()
    for record in sorted(packages.glob("*.dist-info/RECORD")):
        digest.update(record.parent.name.encode())
        # Programs outside contain the path of this environment.
        lines = [line for line in record.read_bytes().splitlines() if not line.startswith((b"../", b"/"))]
        digest.update(b"\n".join(lines))
    return digest.hexdigest()[:32]


def _save_one(bytecode: Path, target: Path) -> None:
    if target.exists() and target.samefile(bytecode):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Linked under another name first: a link cannot replace a file, and another build may read it.
    with tempfile.TemporaryDirectory(dir=target.parent) as directory:
        linked = Path(directory) / "linked"
        os.link(bytecode, linked)
        linked.replace(target)


def _prune(cache: Path) -> None:
    """Removes the sets that were first kept longest ago."""
    with contextlib.suppress(OSError):
        sets = sorted(cache.iterdir(), key=lambda kept: kept.stat().st_mtime, reverse=True)
        for old in sets[_SETS_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
