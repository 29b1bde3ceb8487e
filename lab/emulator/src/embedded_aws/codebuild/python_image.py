"""A Python installation that belongs to one build, as the build image's Python belongs to a CodeBuild build.

A build installs packages into "its" Python with pip or uv. It must not be the host's, and must not look like a
virtual environment either, because it is none on CodeBuild. Every user can start it there, and a host's may lie below
a closed home. So each build gets a copy of the host's interpreter and its standard library, with a place for packages
of its own that is empty but for pip.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.host.pythons import HostPython

_PIP = """#!{executable}
import sys
from pip._internal.cli.main import main
sys.exit(main())
"""

_PATHS = "import json, sysconfig; print(json.dumps([sysconfig.get_path(name) for name in ('purelib', 'scripts')]))"

# Entries that an installation has of its own: packages, and the marker that forbids installing.
_OWN_ENTRIES = ("site-packages", "dist-packages", "EXTERNALLY-MANAGED")
# Half of a standard library, and no part of the build image's.
_TESTS = ("test", "idle_test")


def make_python(python: HostPython, prefix: Path) -> str:
    """Makes an installation.

    Args:
        python: the host's interpreter to make it from.
        prefix: the directory to fill.

    Returns:
        Where its programs lie, and those of packages, for the PATH.

    Raises:
        LookupError: the host's interpreter carries no pip.
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
                _copy(shared, prefix / "lib" / shared.name)
    shutil.copytree(
        python.library,
        prefix / python.library.relative_to(python.prefix),
        ignore=shutil.ignore_patterns(*_OWN_ENTRIES, *_TESTS),
        copy_function=_copy,
        ignore_dangling_symlinks=True,
    )
    headers = python.prefix / "include" / name
    if headers.is_dir():
        (prefix / "include").mkdir()
        (prefix / "include" / name).symlink_to(headers)
    scripts = _add_pip(python, executable)
    return os.pathsep.join(dict.fromkeys([str(binaries), str(scripts)]))


def _copy(source: str | Path, target: str | Path) -> None:
    """Makes a hard link where it can: a build replaces what it changes, and compiles into directories of its own."""
    try:
        os.link(Path(source).resolve(), target)
    except OSError:  # another file system, or links that the kernel protects
        shutil.copy2(source, target)


def _add_pip(python: HostPython, executable: Path) -> Path:
    """Unpacks the pip that a CPython carries for `ensurepip`; starting ensurepip itself takes seconds."""
    wheels = sorted(python.wheels.glob("pip-*.whl"))
    if not wheels:
        raise LookupError(
            f"the Python {python.minor} of this host has no pip to give to a build: no pip-*.whl is in {python.wheels} "
            "(Debian and Ubuntu: apt install python3-venv)"
        )
    # Asked, not assumed: a distribution's Python has places of its own.
    paths = subprocess.run(  # noqa: S603 - the copy that was just made
        [executable, "-I", "-S", "-c", _PATHS], capture_output=True, text=True, check=True
    ).stdout
    packages, scripts = map(Path, json.loads(paths))
    packages.mkdir(parents=True, exist_ok=True)
    scripts.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheels[-1]) as wheel:
        wheel.extractall(packages)
    for name in ("pip", "pip3", f"pip{python.minor}"):
        script = scripts / name
        script.write_text(_PIP.format(executable=executable), encoding="utf-8")
        script.chmod(0o755)
    return scripts
