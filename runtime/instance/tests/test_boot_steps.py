"""The steps of a boot, in one process: what is fetched and started, in which order, and what a second boot leaves."""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
import zipfile
from typing import TYPE_CHECKING, Any

import boot
import pytest

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"model.json": b"{}", "model.tflite": b"TFL3" * 1000}
METRICS = "model-server-metrics.service"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def packed() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as layer:
        for name, content in FILES.items():
            layer.writestr(f"ml/model/{name}", content)
    return archive.getvalue()


class Machine:
    """A directory with an instance's files, a bucket, and programs that record how they are called."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory, self.bucket = directory, directory / "bucket"
        self.bucket.mkdir()
        self.model = directory / "models" / "digits"
        self.server, self.sender = directory / "lib" / "server", directory / "lib" / "metrics.py"
        files = [
            {"path": f"layer.zip!/ml/model/{name}", "size": len(content), "sha256": sha256(content)}
            for name, content in FILES.items()
        ]
        manifest = json.dumps({"files": files, "requirements": {}}).encode()
        self.settings = {
            "model": "digits",
            "version": "7",
            "modelDirectory": str(self.model),
            "bucket": "models",
            "manifestKey": "7/manifest.json",
            "manifestSha256": self.put("manifest.json", manifest),
            "archiveKey": "7/layer.zip",
            "archiveSha256": self.put("layer.zip", packed()),
            "format": "litert",
            "serverFiles": [self.program(self.server, b"the server")],
            "missingCpuFeatures": "refuse",
            "environmentFile": str(directory / "environment"),
            "scheme": "http",
            "restPort": 8501,
            "senders": [METRICS],
            "senderPrograms": [self.program(self.sender, b"the sender")],
        }
        programs = directory / "bin"
        programs.mkdir()
        for name, script in {
            "aws": f'echo "${{5##*/}}" >> {directory}/fetched; cp "{self.bucket}/${{5##*/}}" "$6"',
            "systemctl": f'echo "$*" >> {directory}/called',
        }.items():
            (programs / name).write_text(f"#!/bin/bash\n{script}\n")
            (programs / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
        monkeypatch.setattr(boot, "ask", lambda _: "7")

    def put(self, name: str, content: bytes) -> str:
        (self.bucket / name).write_bytes(content)
        return sha256(content)

    def program(self, path: Path, content: bytes) -> dict[str, Any]:
        return {"path": str(path), "bucket": "assets", "key": path.name, "sha256": self.put(path.name, content)}

    def boot(self) -> tuple[list[str], list[str]]:
        """Boot, and return the objects that were fetched and the calls of systemctl."""
        for name in ("fetched", "called"):
            (self.directory / name).write_text("")
        boot.boot(self.settings, time.monotonic() + 60)
        fetched, called = ((self.directory / name).read_text().splitlines() for name in ("fetched", "called"))
        return fetched, called

    def content(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.model / "7").iterdir()}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def started(operation: str, unit: str) -> list[str]:
    return [f"enable {unit}", f"{operation} {unit}"]


def test_the_server_starts_last_with_all_that_it_reads(machine: Machine) -> None:
    fetched, called = machine.boot()

    assert fetched == ["manifest.json", "server", "layer.zip", "metrics.py"]
    assert called == ["daemon-reload", *started("restart", METRICS), *started("restart", boot.UNIT)]
    assert FILES.items() <= machine.content().items()
    assert (machine.server.read_bytes(), machine.server.stat().st_mode & 0o777) == (b"the server", 0o755)
    assert [path.name for path in machine.model.iterdir()] == ["7"]
    assert sorted(path.name for path in machine.server.parent.iterdir()) == ["metrics.py", "server"]


def test_a_second_boot_fetches_only_the_manifest_and_restarts_nothing(machine: Machine) -> None:
    machine.boot()

    fetched, called = machine.boot()

    assert fetched == ["manifest.json"]
    assert called == ["daemon-reload", *started("start", METRICS), *started("start", boot.UNIT)]


@pytest.mark.fault
def test_a_boot_that_was_interrupted_begins_again(machine: Machine) -> None:
    unpacked = machine.model / ".incoming" / "model"
    unpacked.mkdir(parents=True)
    (unpacked / "model.tflite").write_bytes(b"TFL3")
    (unpacked.parent / "object.8fA1").write_bytes(b"half")

    machine.boot()

    assert FILES.items() <= machine.content().items()
    assert [path.name for path in machine.model.iterdir()] == ["7"]


@pytest.mark.fault
def test_another_program_on_the_disk_is_replaced_and_the_server_restarted(machine: Machine) -> None:
    machine.boot()
    machine.server.write_bytes(b"another server")

    fetched, called = machine.boot()

    assert fetched == ["manifest.json", "server"]
    assert called[-2:] == started("restart", boot.UNIT)
    assert machine.server.read_bytes() == b"the server"


def test_a_sender_that_changed_is_restarted_and_the_server_is_not(machine: Machine) -> None:
    machine.boot()
    machine.sender.write_bytes(b"another sender")

    _, called = machine.boot()

    assert called == ["daemon-reload", *started("restart", METRICS), *started("start", boot.UNIT)]
