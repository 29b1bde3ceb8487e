"""A Python installation that belongs to one build, as the build image's Python belongs to a CodeBuild build.

A build installs packages into "its" Python with pip or uv. It must not be the host's, and must not look like a
virtual environment either, because it is none on CodeBuild. So each build gets a copy of the host's interpreter
with links to its standard library, an empty site-packages of its own, and pip.
"""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.host.pythons import HostPython

_PIP = """#!{executable}
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""

# What the installation must not share: packages, and the mark that forbids installing.
_OWN = {"site-packages", "dist-packages", "EXTERNALLY-MANAGED", "__pycache__"}


def make_python(python: HostPython, prefix: Path) -> Path:
    """Makes an installation.

    Args:
        python: the host's interpreter to make it from.
        prefix: the directory to fill.

    Returns:
        Its `bin`, for the PATH.
    """
    name = f"python{python.minor}"
    binaries = prefix / "bin"
    binaries.mkdir(parents=True)
    executable = binaries / name
    # A copy, not a link: Python finds its installation from where its real file lies.
    shutil.copy2(python.executable, executable)
    for alias in ("python", "python3"):
        (binaries / alias).symlink_to(name)
    for library in ("lib", "lib64"):
        for shared in (python.prefix / library).glob("libpython*.so*"):
            (prefix / "lib").mkdir(exist_ok=True)
            if not (prefix / "lib" / shared.name).exists():
                (prefix / "lib" / shared.name).symlink_to(shared)
    _link_standard_library(python.prefix / "lib" / name, prefix / "lib" / name)
    headers = python.prefix / "include" / name
    if headers.is_dir():
        (prefix / "include").mkdir()
        (prefix / "include" / name).symlink_to(headers)
    _add_pip(python, prefix, executable)
    return binaries


def _link_standard_library(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name not in _OWN:
            (target / entry.name).symlink_to(entry)
    (target / "site-packages").mkdir()
    # Bytecode of the modules right here: linked one by one, so that what a build compiles stays with the build.
    (target / "__pycache__").mkdir()
    for bytecode in (source / "__pycache__").glob("*.pyc"):
        (target / "__pycache__" / bytecode.name).symlink_to(bytecode)


def _add_pip(python: HostPython, prefix: Path, executable: Path) -> None:
    """Unpacks the pip that every CPython carries for `ensurepip`; starting ensurepip itself takes seconds."""
    library = python.prefix / "lib" / f"python{python.minor}"
    wheels = sorted((library / "ensurepip" / "_bundled").glob("pip-*.whl"))
    if not wheels:
        return
    with zipfile.ZipFile(wheels[-1]) as wheel:
        wheel.extractall(prefix / "lib" / f"python{python.minor}" / "site-packages")
    for name in ("pip", "pip3", f"pip{python.minor}"):
        script = prefix / "bin" / name
        script.write_text(_PIP.format(executable=executable), encoding="utf-8")
        script.chmod(0o755)
