"""Functions whose own Python is missing on the host run on another one, with builds of their packages that fit it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from embedded_aws.awslambda import packages as packages_module
from embedded_aws.awslambda.packages import Distribution, NoBuildError, distributions, substitute
from embedded_aws.host.pythons import HostPython, newest_python
from embedded_aws.host.tools import InstallError
from running import PYTHON, ROOT, started
from support import function, invoke, layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

UV = ROOT / ".tools" / "uv" / "bin" / "uv"
PACKAGE = "markupsafe==3.0.2"  # small, and compiled for each Python


def installed(target: Path, minor: str) -> Path:
    """The package as a layer for a Python version carries it."""
    system = f"{platform.machine()}-unknown-linux-gnu"
    arguments = [
        "--python-version",
        minor,
        "--python-platform",
        system,
        "--only-binary",
        ":all:",
        "--target",
        str(target),
    ]
    subprocess.run([str(UV), "pip", "install", "--quiet", *arguments, PACKAGE], check=True)
    return target


@pytest.fixture(scope="module")
def poor_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An embedded AWS on a host that has no Python but the one it runs on."""
    home = tmp_path_factory.mktemp("home")
    tools = home / "bin"
    tools.mkdir()
    node = shutil.which("node")
    if node:
        (tools / "node").symlink_to(node)
    with started(
        home,
        "--cache",
        str(home / "cache"),
        HOME=str(home),
        PYENV_ROOT=str(home),
        UV_PYTHON_INSTALL_DIR=str(home),
        UV_CACHE_DIR=os.environ.get("UV_CACHE_DIR", str(Path.home() / ".cache" / "uv")),
        PATH=f"{tools}:/bin",
    ) as aws:
        yield aws


def test_a_layer_for_a_python_that_the_host_lacks_gets_the_hosts_build_of_the_same_version(
    poor_host: Running, tmp_path: Path
) -> None:
    version = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.version_info[1])"], capture_output=True, text=True, check=True
    ).stdout
    lacking = "3.12" if int(version) != 12 else "3.13"
    packages = installed(tmp_path / "python", lacking)
    files: dict[str, str | bytes] = {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in packages.rglob("*") if path.is_file()
    }
    source = """
import sys
import markupsafe
from markupsafe import _speedups
def handler(event, context):
    return [list(sys.version_info[:2]), str(markupsafe.escape("<")), _speedups.__file__, markupsafe.__version__]
"""
    name = function(poor_host, source, Runtime=f"python{lacking}", Layers=[layer(poor_host, files)])
    seen, failed = invoke(poor_host, name)
    assert not failed, seen
    minor = int(version)
    assert seen[0] == [3, minor]
    assert seen[1] == "&lt;"
    assert seen[2].startswith(f"/opt/python/markupsafe/_speedups.cpython-3{minor}-")
    assert seen[3] == "3.0.2"
    configuration = poor_host.client("lambda").get_function_configuration(FunctionName=name)
    assert configuration["Runtime"] == f"python{lacking}", "the function is not told"


def test_a_version_without_a_build_for_the_hosts_python_is_replaced_by_the_newest_earlier_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def install(requirement: str, python: HostPython, target: Path) -> None:
        asked.append(requirement)
        if "==" in requirement:
            raise InstallError(requirement)
        (target / "x-1.9.dist-info").mkdir()
        (target / "x-1.9.dist-info" / "WHEEL").write_text(f"Tag: {python.tag}-{python.tag}-any\n")

    monkeypatch.setattr(packages_module, "install", install)
    metadata = tmp_path / "python" / "x-2.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "WHEEL").write_text("Tag: cp39-cp39-any\n")
    assert substitute(tmp_path / "python", newest_python(), tmp_path / "cache") == ["x==1.9"]
    assert asked == ["x==2.0", "x<2.0"]
    assert not metadata.exists()


def test_compatible_packages_are_kept(tmp_path: Path) -> None:
    python = newest_python()
    packages = installed(tmp_path / "python", python.minor)
    assert substitute(packages, python, tmp_path / "cache") == []
    assert not (tmp_path / "cache").exists()


def test_a_compiled_file_without_metadata_is_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    module = tmp_path / "python" / "thing"
    module.mkdir(parents=True)
    (module / "_c.cpython-39-x86_64-linux-gnu.so").write_bytes(b"")
    with pytest.raises(NoBuildError, match=r"_c\.cpython-39.*keep the metadata in the layer"):
        substitute(tmp_path / "python", newest_python(), tmp_path)


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", True),
        (f"cp313-cp313-manylinux_2_17_{platform.machine()}", True),
        (f"cp312-cp312-manylinux_2_17_{platform.machine()}", False),
        (f"cp39-abi3-manylinux_2_17_{platform.machine()}", True),
        (f"cp314-abi3-manylinux_2_17_{platform.machine()}", False),
        (f"py3-none-manylinux_2_17_{platform.machine()}", True),
        ("cp313-cp313-manylinux_2_17_riscv64", False),
    ],
)
def test_a_wheels_tags_say_whether_it_fits(tag: str, *, fits: bool) -> None:
    python = HostPython((3, 13, 0), Path("/python"), Path("/"), Path("/lib"), Path("/wheels"))
    assert Distribution("x", "1", (tag,), frozenset()).fits(python) is fits


def test_entries_come_from_the_record_or_the_name(tmp_path: Path) -> None:
    for name in ("x-1.dist-info", "x", "y", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "x-1.dist-info" / "RECORD").write_text("y/__init__.py,sha256=,1\nx-1.dist-info/RECORD,,\n")
    (found,) = distributions(tmp_path)
    assert found.entries == {"x", "y", "x-1.dist-info"}
