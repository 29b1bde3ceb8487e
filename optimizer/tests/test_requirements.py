"""The packages install by uv and by pip: checked by metadata for each supported Python, and by pip for the newest."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

_REPOSITORY = Path(__file__).resolve().parents[2]
#: Command that `npx cdk-tensorflow --python` says to run where packages are missing.
_INSTALL = ["install", "--require-hashes", "-r", "requirements.txt"]
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
    """Return what an installer says against the lock file, without installing anything."""
    result = subprocess.run(
        [*installer, *_INSTALL, "--dry-run", "--quiet", *options],
        cwd=_REPOSITORY / "optimizer",
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


def _requirements(text: str) -> set[str]:
    return {re.sub(r"[\s\"']", "", line) for line in text.splitlines() if line and not line.startswith("#")}


def test_the_package_requires_what_the_lock_file_is_made_from() -> None:
    optimizer = _REPOSITORY / "optimizer"
    project = tomllib.loads((optimizer / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    declared = "\n".join([*project["dependencies"], *project["optional-dependencies"]["s3"]])

    assert _requirements(declared) == _requirements((optimizer / "requirements.in").read_text(encoding="utf-8"))


def test_the_package_carries_all_of_its_code_and_needs_no_package_for_s3_without_s3(tmp_path: Path) -> None:
    """The packages that it depends on are those of this process."""
    uv, environment = _REPOSITORY / ".tools" / "uv" / "bin" / "uv", tmp_path / "environment"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, environment], check=True)
    command = [uv, "pip", "install", "--quiet", "--no-deps", "--python", environment, _REPOSITORY / "optimizer"]
    subprocess.run(command, check=True, cwd=tmp_path)
    (installed,) = environment.glob("lib/*/site-packages")
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    (installed / "boto3.py").write_text("raise ModuleNotFoundError(name='boto3')", encoding="utf-8")
    (installed / "botocore.py").write_text("raise ModuleNotFoundError(name='botocore')", encoding="utf-8")
    program = environment / "bin" / "tensorflow-optimizer"

    shown = subprocess.run([program, "--help"], check=True, cwd=tmp_path, capture_output=True, text=True).stdout
    verify = [program, "verify", "s3://bucket/model/litert/1/"]
    refused = subprocess.run(verify, check=False, cwd=tmp_path, capture_output=True, text=True)
    listing = (
        "import cdk_tensorflow_shared; from tensorflow_optimizer.proof import numpy_handler; "
        "print(cdk_tensorflow_shared.__file__, numpy_handler.__file__, numpy_handler.handler_directory())"
    )
    python = environment / "bin" / "python"
    places = subprocess.run([python, "-c", listing], check=True, cwd=tmp_path, capture_output=True, text=True)

    assert "optimize" in shown
    assert "install tensorflow-optimizer with its extra `s3`" in refused.stderr
    assert all(place.startswith(str(installed)) for place in places.stdout.split())
    assert (installed / "tensorflow_optimizer" / "report" / "templates" / "report.html").is_file()
    assert (installed / "tensorflow_optimizer" / "py.typed").is_file()
