"""Bytecode of builds is kept, and linked only to the same files."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from embedded_aws.codebuild import bytecode

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "digits/__init__.py"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The package's files, as an installer's cache keeps them."""
    return package(tmp_path / "wheel", "NUMBER = 1\n")


def package(directory: Path, text: str) -> Path:
    (directory / "digits").mkdir(parents=True)
    (directory / MODULE).write_text(text)
    (directory / "digits-1.0.dist-info").mkdir()
    (directory / "digits-1.0.dist-info" / "RECORD").write_text(f"{MODULE},sha256={text!r},11\n../../bin/digits,,\n")
    return directory


def installed(build: Path, wheel: Path) -> Path:
    """An environment that links the files of a wheel."""
    packages = build / ".venv" / "lib" / "python3.13" / "site-packages"
    packages.mkdir(parents=True)
    (build / ".venv" / "pyvenv.cfg").touch()
    subprocess.run(["cp", "-al", f"{wheel}/.", packages], check=True)
    return packages


def imported(packages: Path) -> str:
    program = "import digits; print(digits.NUMBER)"
    environment = {"PYTHONPATH": str(packages)}
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()


def compiled(packages: Path) -> list[Path]:
    return list(packages.rglob("*.pyc"))


def test_another_package_with_the_same_name_size_and_time_gets_nothing(tmp_path: Path, wheel: Path) -> None:
    first = installed(tmp_path / "first", wheel)
    imported(first)
    bytecode.save(tmp_path / "first", tmp_path / "cache")
    other = package(tmp_path / "other", "NUMBER = 2\n")
    subprocess.run(["touch", "-r", wheel / MODULE, other / MODULE], check=True)
    second = installed(tmp_path / "second", other)
    bytecode.restore(tmp_path / "second", tmp_path / "cache")

    assert compiled(second) == []
    assert imported(second) == "2"


def test_a_module_that_the_installer_wrote_anew_is_compiled_again_and_kept(tmp_path: Path, wheel: Path) -> None:
    imported(installed(tmp_path / "first", wheel))
    bytecode.save(tmp_path / "first", tmp_path / "cache")
    again = package(tmp_path / "again", "NUMBER = 1\n")
    subprocess.run(["touch", "-d", "2001-02-03", again / MODULE], check=True)
    for name in ("second", "third"):
        packages = installed(tmp_path / name, again)
        bytecode.restore(tmp_path / name, tmp_path / "cache")
        [before] = [path.stat().st_ino for path in compiled(packages)]
        imported(packages)
        [after] = [path.stat().st_ino for path in compiled(packages)]
        assert (before == after) is (name == "third")
        bytecode.save(tmp_path / name, tmp_path / "cache")


def test_the_newest_four_sets_of_packages_are_kept(tmp_path: Path) -> None:
    for number in range(6):
        wheel = package(tmp_path / f"wheel-{number}", f"NUMBER = {number}\n")
        imported(installed(tmp_path / f"build-{number}", wheel))
        bytecode.save(tmp_path / f"build-{number}", tmp_path / "cache")
    last = installed(tmp_path / "last", tmp_path / "wheel-5")
    first = installed(tmp_path / "first", tmp_path / "wheel-0")
    for name in ("last", "first"):
        bytecode.restore(tmp_path / name, tmp_path / "cache")

    assert len(list((tmp_path / "cache").iterdir())) == 4
    assert (len(compiled(last)), len(compiled(first))) == (1, 0)
