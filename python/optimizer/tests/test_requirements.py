"""The packages install as the README says, with the pip of each supported Python."""

import re
import subprocess
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[3]
_COMMAND = re.compile(r"^cd (python/optimizer) && pip (install .*)$", re.MULTILINE)


def _python(version: str) -> str:
    """Return a Python of this version that has pip; skip the test where the host has none."""
    installed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in [f"python{version}", *map(str, installed)]:
        try:
            subprocess.run([candidate, "-m", "pip", "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    pytest.skip(f"this host has no Python {version}")


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_pip_accepts_every_pinned_version(version: str) -> None:
    command = _COMMAND.search((_REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert command is not None
    directory, install = command.groups()

    result = subprocess.run(
        [_python(version), "-m", "pip", *install.split(), "--dry-run", "--ignore-installed", "--quiet"],
        cwd=_REPOSITORY / directory,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
