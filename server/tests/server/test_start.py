"""The start of the program: flags and models that it refuses, and those that it starts on."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from program import Server, start_fails
from server_models import checksums

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def copy(models: Path, tmp_path: Path) -> Path:
    return shutil.copytree(models / "times" / "1", tmp_path / "models" / "times" / "1")


def flags(directory: Path) -> list[str]:
    return ["--model_name=times", f"--model_base_path={directory.parent}", "--model_version=1"]


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.fault
@pytest.mark.parametrize("name", ["model.tflite", "model.json", "SHA256SUMS"])
def test_a_flipped_byte_is_refused(command: list[str], copy: Path, name: str) -> None:
    pinned = f"--checksums_sha256=times/1={checksums(copy)}"
    flip(copy / name)
    printed = start_fails(command, [*flags(copy), pinned])
    assert f"{name} has the SHA-256" in printed
    if name != "SHA256SUMS":
        assert f"{name} has the SHA-256" in start_fails(command, [*flags(copy), "--allow_unverified_files"])


@pytest.mark.fault
def test_a_flipped_byte_of_the_library_is_refused(
    program: Path, command: list[str], copy: Path, tmp_path: Path
) -> None:
    library = tmp_path / "libLiteRt.so"
    shutil.copy(command[1].partition("=")[2], library)
    flip(library)
    printed = start_fails([str(program), f"--litert_library={library}", command[2]], flags(copy))
    assert "libLiteRt.so has the SHA-256" in printed


def test_files_without_a_checksum_are_refused_unless_allowed(command: list[str], copy: Path, tmp_path: Path) -> None:
    (copy / "SHA256SUMS").unlink()
    assert "there is no checksum for" in start_fails(command, flags(copy))
    with Server(command, tmp_path, [*flags(copy), "--allow_unverified_files"]) as server:
        assert server.get("/v1/models/times").status_code == 200


def test_a_version_that_is_missing_or_names_another_is_refused(command: list[str], copy: Path) -> None:
    assert "cannot read" in start_fails(command, [*flags(copy)[:2], "--model_version=7", "--allow_unverified_files"])
    copy.rename(copy.parent / "7")
    printed = start_fails(command, [*flags(copy)[:2], "--model_version=7"])
    assert "says version 1" in printed


@pytest.mark.fault
def test_a_damaged_model_with_a_fitting_checksum_is_refused(command: list[str], copy: Path) -> None:
    (copy / "model.tflite").write_bytes(b"no model")
    checksums(copy)
    assert "LiteRT cannot load the model" in start_fails(command, flags(copy))


@pytest.mark.fault
@pytest.mark.parametrize("name", ["model.json", "model.tflite", "SHA256SUMS"])
def test_a_file_that_whoever_reads_it_waits_for_is_refused(command: list[str], copy: Path, name: str) -> None:
    for make in (os.mkfifo, lambda path: path.symlink_to("/dev/zero")):
        (copy / name).unlink()
        make(copy / name)
        assert f"{name}: it is no regular file" in start_fails(command, flags(copy))


def test_a_port_in_use_is_reported(command: list[str], copy: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        printed = start_fails(command, [*flags(copy), "--port=0", f"--rest_api_port={port}"])
    assert f"cannot listen on port {port}" in printed


def test_help_names_every_flag_and_unknown_ones_are_refused(program: Path) -> None:
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    for flag in ("--port", "--rest_api_port", "--model_name", "--model_base_path", "--model_config_file"):
        assert f"{flag} " in text
    printed = start_fails([str(program)], ["--enable_batching"])
    assert "unexpected argument '--enable_batching'" in printed


def test_every_problem_in_a_configuration_is_reported(command: list[str], tmp_path: Path) -> None:
    file = tmp_path / "models.config"
    file.write_text('model_config_list { config { name: "a" base_path: "s3://b/a" } }')
    printed = start_fails(command, [f"--model_config_file={file}"])
    assert "s3://b/a" in printed
    assert "no version is named" in printed


def test_two_models_under_one_base_path(all_models: Server) -> None:
    times = all_models.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]})
    lookup = all_models.post("/v1/models/lookup:predict", {"instances": [1]})
    assert (times.json(), lookup.json()) == ({"predictions": [[3.0, 6.0, 9.0]]}, {"predictions": [[2.0, 3.0]]})
    unknown = all_models.get("/v1/models/nope").json()["error"]
    assert "'lookup'" in unknown
    assert "'times'" in unknown


def test_ports_are_closed_until_every_model_answers(start: Callable[..., Server]) -> None:
    server = start("times", 1)
    try:
        server.wait_until(lambda: server.says("serving"))
        lines = [line["message"] for line in server.log]
        assert lines.index("model loaded") < lines.index("serving")
        assert server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]}).status_code == 200
    finally:
        server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts and changes its user, which only root may")
def test_runs_on_a_read_only_file_system_without_root(program: Path, command: list[str], copy: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        # Where another user can reach them.
        public = Path(name)
        public.chmod(0o755)
        binary = shutil.copy(program, public)
        library = shutil.copy(command[1].partition("=")[2], public)
        shutil.copytree(copy, public / "times" / "1")
        for path in public.rglob("*"):
            path.chmod(0o755)
        script = (
            'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && mount -o remount,ro,bind / && '
            '! touch "$0/written" 2>/dev/null && exec setpriv --reuid=65534 --regid=65534 --clear-groups '
            '--bounding-set=-all "$@"'
        )
        isolated = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, str(public)]
        if subprocess.run([*isolated, "true"], capture_output=True, check=False).returncode != 0:
            pytest.skip("this machine allows no mounts")
        served = [str(binary), f"--litert_library={library}", command[2]]
        with Server([*isolated, *served], copy, flags(public / "times" / "1")) as server:
            answer = server.post("/v1/models/times:predict", {"instances": [[1, 2, 3]]})
            assert answer.json() == {"predictions": [[2.0, 4.0, 6.0]]}
            status = Path(f"/proc/{server.process.pid}/status").read_text()
            assert "Uid:\t65534\t65534" in status
            assert "CapEff:\t0000000000000000" in status
