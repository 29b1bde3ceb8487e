"""The boot program of an instance, function by function: what no whole boot leads to."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import socket
import ssl
import tarfile
import threading
import time
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from certificates import issue

PATH = Path(__file__).resolve().parents[1] / "src" / "boot.py"


@pytest.fixture
def boot() -> Any:
    specification = importlib.util.spec_from_file_location("instance_boot", PATH)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose programs come before all others."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", f"{directory}:{os.environ['PATH']}")
    return directory


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/bash\n{script}\n")
    path.chmod(0o755)


def test_any_failure_stops_the_server_for_good_and_gives_one_sentence_as_the_reason(
    boot: Any, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(programs / "systemctl", f'echo "$*" >> {tmp_path}/calls')
    settings = tmp_path / "boot.json"
    settings.write_text(json.dumps({}))

    def fail(*_: Any) -> None:
        raise KeyError("files")

    monkeypatch.setattr(boot, "boot", fail)
    with pytest.raises(SystemExit) as ended:
        boot.main(str(settings), "60")

    assert ended.value.code == "unexpected error during boot, KeyError: 'files'"
    assert (tmp_path / "calls").read_text().splitlines() == [
        "disable --now --no-block model-server.service",
        "kill --signal=KILL model-server.service",
    ]


@pytest.mark.fault
def test_a_server_that_cannot_be_executed_is_reported_with_the_end_of_its_log(boot: Any, programs: Path) -> None:
    # systemd answers so where an exec fails.
    program(
        programs / "systemctl",
        '[ "$1" = enable ] && exit 0\n'
        "echo 'Job for model-server.service failed because the control process exited with error code.' >&2\n"
        """echo 'See "systemctl status model-server.service" for details.' >&2; exit 1""",
    )
    program(
        programs / "journalctl", "echo 'Failed to execute /usr/bin/server: Exec format error'; echo status=203/EXEC"
    )

    with pytest.raises(boot.BootError) as caught:
        boot.start_server("restart")

    assert boot.sentence(caught.value) == (
        "the server does not start: Failed to execute /usr/bin/server: Exec format error | status=203/EXEC"
    )


def test_the_reason_of_a_failed_systemctl_is_in_one_line_because_the_last_one_is_reported(
    boot: Any, programs: Path
) -> None:
    program(programs / "systemctl", "printf 'Unit is masked.\\nSee the manual.\\n' >&2; exit 1")

    with pytest.raises(boot.BootError) as caught:
        boot.systemctl("enable", "model-server.service")

    assert str(caught.value) == "systemctl enable model-server.service failed: Unit is masked. See the manual."


@pytest.mark.fault
def test_an_archive_whose_compression_is_broken_is_refused_in_a_sentence(boot: Any, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("saved_model.pb")
        entry.size = 100_000
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    compressor = zlib.compressobj(wbits=31)
    begun = compressor.compress(packed.getvalue()[:50_000]) + compressor.flush(zlib.Z_SYNC_FLUSH)
    # No block is of this type.
    (tmp_path / "archive").write_bytes(begun + b"\x07")

    with pytest.raises(boot.BootError, match="the archive cannot be unpacked"):
        boot.unpack(tmp_path / "archive", tmp_path / "model", {"saved_model.pb": {}})


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\n[]"],
)
def test_a_server_that_dies_while_it_answers_or_says_something_else_has_not_answered(boot: Any, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        found = boot.ask(f"http://127.0.0.1:{server.getsockname()[1]}/v1/models/digits/metadata")
        thread.join()

    assert found == ""


def test_a_server_that_encrypts_answers_whatever_names_its_certificate_has(boot: Any, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue(tmp_path, "elsewhere", "digits.example.com"))
    body = b'{"model_spec": {"version": "7"}}'
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with context.wrap_socket(connection, server_side=True) as encrypted:
                encrypted.recv(4096)
                encrypted.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

        thread = threading.Thread(target=serve)
        thread.start()
        found = boot.ask(f"https://127.0.0.1:{server.getsockname()[1]}/v1/models/digits/metadata")
        thread.join()

    assert found == "7"


def test_an_aws_call_without_an_answer_ends_at_the_boots_deadline(boot: Any, programs: Path) -> None:
    program(programs / "aws", "exec sleep 1000")

    result = boot.aws(["s3", "cp"], time.monotonic() + 2)

    assert (result.returncode, result.stderr) == (1, "no answer within 2 s")


def test_every_aws_call_gives_up_if_it_cannot_connect(boot: Any, programs: Path) -> None:
    program(programs / "aws", 'echo "$*"')

    result = boot.aws(["s3", "cp"], time.monotonic() + 60)

    assert result.stdout == "s3 cp --cli-connect-timeout 5 --cli-read-timeout 30\n"


def test_the_error_has_the_load_balancers_last_answer_instead_of_a_timeout(
    boot: Any, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(programs / "aws", f"[ -e {tmp_path}/asked ] && exec sleep 1000; touch {tmp_path}/asked; echo initial")
    monkeypatch.setattr(Path, "read_text", lambda *_: "i-1")
    monkeypatch.setattr(boot, "POLL_SECONDS", 1)

    with pytest.raises(boot.BootError, match="does not find this instance healthy for REST: initial"):
        boot.wait_in_service({"targetGroups": {"REST": "arn"}}, time.monotonic() + 6)


def test_instances_poll_the_load_balancer_every_ten_seconds_and_not_all_at_once(
    boot: Any, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    program(programs / "aws", f"echo >> {asked}; [ $(wc -l < {asked}) -gt 5 ] && echo healthy || echo initial")
    monkeypatch.setattr(Path, "read_text", lambda *_: "i-1")
    pauses: list[float] = []
    monkeypatch.setattr(boot, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pauses.append))

    boot.wait_in_service({"targetGroups": {"REST": "arn"}}, time.monotonic() + 600)

    assert len(pauses) == len(set(pauses)) == 5
    assert all(8 <= pause <= 12 for pause in pauses)


@pytest.mark.parametrize(
    ("problem", "hint"),
    [
        ("An error occurred (403) when calling the HeadObject operation: Forbidden", " (or there is no such object)"),
        ("An error occurred (503) when calling the HeadObject operation: Slow Down", ""),
    ],
)
def test_a_forbidden_object_may_be_a_missing_one(
    boot: Any, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str, hint: str
) -> None:
    program(programs / "aws", f"echo '{problem}' >&2; exit 1")
    monkeypatch.setattr(boot, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))

    with pytest.raises(boot.BootError) as caught:
        boot.fetch("models", "shared/server/1", "", tmp_path, time.monotonic() + 600)

    assert str(caught.value) == f"cannot read s3://models/shared/server/1{hint}, tried 12 times: {problem}"
