"""Requirements of this machine, and the messages if they are not met."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import url2pathname

import pytest
from embedded_aws import settings
from embedded_aws.codebuild.python_image import make_python
from embedded_aws.host import index_environment, namespaces, ports
from embedded_aws.host.pythons import find_python, newest_python
from running import started
from support import function, invoke

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def asked_again() -> Iterator[None]:
    namespaces.why_not.cache_clear()
    find_python.cache_clear()
    yield
    namespaces.why_not.cache_clear()
    find_python.cache_clear()


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_systems_other_than_linux_are_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch, system: str) -> None:
    monkeypatch.setattr(sys, "platform", system)
    reason = namespaces.why_not()
    assert reason is not None
    assert f"{system} has none" in reason
    assert "WSL 2" in reason


def test_a_machine_that_forbids_namespaces_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    forbidding = tmp_path / "sandbox.py"
    forbidding.write_text("import sys; sys.exit('unshare: Operation not permitted')")
    monkeypatch.setattr(namespaces, "SANDBOX", forbidding)
    reason = namespaces.why_not()
    assert reason is not None
    assert "unshare: Operation not permitted" in reason
    assert "--cap-add SYS_ADMIN" in reason


def test_a_python_of_pyenv_below_tmp_is_found_and_runs_functions(tmp_path: Path) -> None:
    """A function's /tmp is private, and what lies below the host's is still needed."""
    python = next((found for minor in ("3.12", "3.11", "3.13") if (found := find_python(minor))), newest_python())
    root = tmp_path / "pyenv"
    version = ".".join(str(part) for part in python.version)
    make_python(python, root / "versions" / version)
    with started(tmp_path, PYENV_ROOT=str(root), HOME=str(tmp_path), PATH="/usr/bin:/bin") as aws:
        source = "import sys, os\ndef handler(e, c): return [sys.executable, os.listdir('/tmp')]"
        name = function(aws, source, Runtime=f"python{python.minor}")
        (executable, seen), failed = invoke(aws, name)
    assert not failed
    if executable != str(python.executable):  # else the embedded AWS itself runs on that very version, and prefers it
        assert executable == str(root / "versions" / version / "bin" / f"python{python.minor}")
        # The worker's own files may lie there too: this checkout, if it was cloned below /tmp.
        needed = (tmp_path, Path(__file__).resolve())
        assert set(seen) <= {path.relative_to("/tmp").parts[0] for path in needed if path.is_relative_to("/tmp")}


def test_a_program_named_python_that_is_not_cpython_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    impostor = tmp_path / "versions" / "3.9.99" / "bin" / "python3.9"
    impostor.parent.mkdir(parents=True)
    impostor.write_text("#!/bin/sh\nexit 1\n")
    impostor.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python("3.9") is None


@pytest.mark.parametrize(("value", "offline"), [("1", True), ("true", True), ("0", False), ("false", False)])
def test_a_build_uses_no_index_if_uv_is_offline(monkeypatch: pytest.MonkeyPatch, value: str, *, offline: bool) -> None:
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("PIP_FIND_LINKS", "/of/the/user")
    monkeypatch.setenv("UV_OFFLINE", value)
    given = index_environment.index_environment()
    assert (given.get("PIP_NO_INDEX") == "1") is offline
    places = given["PIP_FIND_LINKS"].split()
    assert places[0] == "/of/the/user"
    found = [
        path.name for place in places[1:] for path in Path(url2pathname(place.removeprefix("file:"))).glob("uv-*.whl")
    ]
    assert len(found) == int(offline)


@pytest.mark.parametrize(
    ("elsewhere", "chosen"),
    [
        (["tmp"], "kept"),
        (["tmp", "kept"], "cache/embedded-aws/runs"),
        ([], "tmp"),
        (["tmp", "kept", "cache"], "tmp"),
        (["uv"], "tmp"),
    ],
    ids=["temporary files elsewhere", "a home alone", "all on one", "all elsewhere", "uv alone elsewhere"],
)
def test_working_files_are_where_a_build_can_link_uvs_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, elsewhere: list[str], chosen: str
) -> None:
    monkeypatch.setattr(settings.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.setattr(settings, "_KEPT_TEMPORARY", tmp_path / "kept")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setattr(settings, "_device", lambda path: path.relative_to(tmp_path).parts[0] in elsewhere)
    assert settings.default_state_directory() == tmp_path / chosen


def test_a_path_that_does_not_exist_yet_is_on_its_parents_file_system(tmp_path: Path) -> None:
    assert settings._device(tmp_path / "not" / "made") == tmp_path.stat().st_dev != settings._device(Path("/proc/self"))


def test_a_port_for_a_program_is_outside_the_range_of_outgoing_connections() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(1024 < ports.free_port() < lowest for _ in range(50))


def test_a_port_with_a_listener_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        choices = iter([taken.getsockname()[1], other := ports.free_port()])
        monkeypatch.setattr(ports.random, "choice", lambda _: next(choices))
        assert ports.free_port() == other


def test_a_build_inherits_the_settings_for_indexes_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    configuration = tmp_path / ".config" / "uv" / "uv.toml"
    configuration.parent.mkdir(parents=True)
    configuration.touch()
    given = {
        "HOME": str(tmp_path),
        "UV_INDEX_URL": "u",
        "PIP_INDEX_URL": "p",
        "HTTPS_PROXY": "h",
        "no_proxy": "n",
        "SSL_CERT_FILE": "s",
        "UV_PYTHON": "never",
        "PIP_TARGET": "never",
        "VIRTUAL_ENV": "never",
        "AWS_PROFILE": "never",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert index_environment.index_environment() == {
        "UV_INDEX_URL": "u",
        "PIP_INDEX_URL": "p",
        "HTTPS_PROXY": "h",
        "no_proxy": "n",
        "SSL_CERT_FILE": "s",
        "UV_CACHE_DIR": str(tmp_path / ".cache" / "uv"),
        "PIP_CACHE_DIR": str(tmp_path / ".cache" / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CONFIG_FILE": str(configuration),
    }
