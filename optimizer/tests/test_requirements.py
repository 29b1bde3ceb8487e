"""The packages install as the guide says: checked by metadata for each supported Python, and by pip for the newest."""

import re
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
_COMMAND = re.compile(r"^cd (optimizer) && pip (install .*)$", re.MULTILINE)
_VERSIONS = ("3.13", "3.12", "3.11")


def _python(version: str) -> str | None:
    """Return a Python of this version that has pip, if this machine has one."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in [f"python{version}", *map(str, installed)]:
        try:
            subprocess.run([candidate, "-m", "pip", "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    return None


def _failure(installer: list[str], *options: str) -> str:
    """Return what an installer says against the command of the guide, without installing anything."""
    command = _COMMAND.search((_REPOSITORY / "docs" / "optimizing.md").read_text(encoding="utf-8"))
    assert command is not None
    directory, install = command.groups()
    result = subprocess.run(
        [*installer, *install.split(), "--dry-run", "--quiet", *options],
        cwd=_REPOSITORY / directory,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stderr if result.returncode else ""


@pytest.mark.parametrize("version", _VERSIONS)
def test_each_pinned_version_has_a_file_for_every_supported_python(version: str, tmp_path: Path) -> None:
    uv = _REPOSITORY / ".tools" / "uv" / "bin" / "uv"
    assert _failure([str(uv), "pip"], "--python-version", version, "--target", str(tmp_path)) == ""


@pytest.mark.slow
def test_pip_accepts_every_pinned_version() -> None:
    # It downloads every package to compare its digest, so the newest Python stands for all.
    python = next(filter(None, map(_python, _VERSIONS)), None)
    if python is None:
        pytest.skip(f"this host has no Python {', '.join(_VERSIONS)} with pip")
    assert _failure([python, "-m", "pip"], "--ignore-installed") == ""
