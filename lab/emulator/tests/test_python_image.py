"""A build's own Python, made from any that a host may have."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from embedded_aws.codebuild.python_image import make_python
from embedded_aws.host.pythons import HostPython, all_pythons, probe
from embedded_aws.host.tools import find_uv
from support import PROBE

# The system's own Python differs from those of pyenv and uv: other directories, and pip in another place.
SYSTEM = Path("/usr/bin/python3")
PYTHONS = [str(python.executable) for python in all_pythons()]


@pytest.fixture(params=[*PYTHONS, "the system's"])
def python(request: pytest.FixtureRequest) -> HostPython:
    if request.param == "the system's":
        return system_python()
    found = probe(Path(request.param))
    assert found
    return found


def system_python() -> HostPython:
    found = probe(SYSTEM)
    if found is None or not any(found.wheels.glob("pip-*.whl")):  # Debian's python3 alone is no whole Python
        pytest.skip(f"this host has no Python {SYSTEM}")
    return found


def ways_to_install() -> list[str]:
    uv = find_uv()
    return ["pip install", *([f"{uv} pip install --system"] if uv else [])]


@pytest.mark.parametrize("install", ways_to_install(), ids=lambda command: Path(command.split()[0]).name)
def test_packages_go_to_the_builds_own_python_and_their_programs_onto_the_path(
    python: HostPython, install: str, tmp_path: Path
) -> None:
    path = make_python(python, tmp_path / "python")
    for name, text in PROBE.items():
        (tmp_path / "source" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "source" / name).write_text(text)

    def run(command: str) -> str:
        environment = {"PATH": f"{path}{os.pathsep}/usr/bin:/bin", "HOME": str(tmp_path), "PIP_NO_INDEX": "1"}
        arguments = ["/bin/sh", "-c", command]
        result = subprocess.run(arguments, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
        return result.stdout.strip()

    run(f"{install} --no-build-isolation ./source")
    assert run("probe") == "42"
    assert run("python -c 'import probe, sys; print(sys.version_info[:3])'") == str(python.version)
    own = str(tmp_path / "python")
    for name in ("pip", "probe"):
        assert run(f"command -v {name}").startswith(own)
        assert run(f"python3 -c 'import {name}; print({name}.__file__)'").startswith(own)
    assert not (python.prefix / "bin" / "probe").exists()


def test_a_build_may_make_virtual_environments(tmp_path: Path) -> None:
    path = make_python(system_python(), tmp_path / "python")
    command = "python3 -m venv made && made/bin/python -m pip --version"
    environment = {"PATH": f"{path}{os.pathsep}/usr/bin:/bin", "HOME": str(tmp_path)}
    made = subprocess.check_output(["/bin/sh", "-c", command], env=environment, cwd=tmp_path, text=True)
    assert made.startswith("pip ")


def test_a_python_without_pip_fails_the_build_with_the_way_out(tmp_path: Path) -> None:
    python = all_pythons()[-1]
    without = HostPython(python.version, python.executable, python.prefix, python.library, tmp_path)
    with pytest.raises(LookupError, match=rf"no pip-\*\.whl is in {tmp_path} .*apt install python3-venv"):
        make_python(without, tmp_path / "python")
