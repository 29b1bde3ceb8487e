"""A LiteRT model on an instance: it comes as a function's layer, and the server reads its digests from the manifest."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import zipfile
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[1] / "src" / "boot.py"
MODEL = {"model.json": b"{}", "model.tflite": b"TFL3" * 1000}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def layer(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


IN_LAYER = {f"ml/model/{name}": content for name, content in MODEL.items()}


class Instance:
    """The boot program, and the objects that it may fetch."""

    def __init__(self, directory: Path, archive: bytes) -> None:
        specification = importlib.util.spec_from_file_location("instance_boot", PATH)
        assert specification
        assert specification.loader
        self.boot = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(self.boot)
        self.target = directory / "digits" / "7"
        self.work = directory / "digits" / ".incoming"
        self.work.mkdir(parents=True)
        files = {"layer.zip": archive} | {f"layer.zip!/{name}": content for name, content in IN_LAYER.items()}
        described = [{"path": path, "size": len(text), "sha256": sha256(text)} for path, text in files.items()]
        self.manifest = {"files": described}
        self.text = json.dumps(self.manifest).encode()
        self.settings = {
            "format": "litert",
            "bucket": "models",
            "manifestSha256": sha256(self.text),
            "archiveKey": "digits/litert/7/layer.zip",
            "archiveSha256": sha256(archive),
        }
        self.archive = archive
        self.fetched = 0
        self.boot.fetch = self.fetch

    def fetch(self, _bucket: str, _key: str, sha: str, work: Path, _deadline: float) -> Path:
        assert sha == sha256(self.archive)
        self.fetched += 1
        path = work / sha
        path.write_bytes(self.archive)
        return path

    def bring(self) -> bool:
        # read_manifest stores the manifest by its digest.
        (self.work / self.settings["manifestSha256"]).write_bytes(self.text)
        changed = self.boot.bring_model(self.settings, self.manifest, self.target, self.work, 0.0)
        return bool(changed)


def test_provides_the_files_that_the_server_reads_and_the_manifest_with_their_digests(tmp_path: Path) -> None:
    instance = Instance(tmp_path, layer(IN_LAYER))

    assert instance.bring()

    found = {path.name: path.read_bytes() for path in instance.target.iterdir()}
    assert found == MODEL | {"manifest.json": instance.text}
    assert {oct(path.stat().st_mode & 0o777) for path in instance.target.iterdir()} == {"0o644"}


def test_keeps_correct_files_and_replaces_the_others(tmp_path: Path) -> None:
    instance = Instance(tmp_path, layer(IN_LAYER))
    instance.bring()

    assert not instance.bring()
    (instance.target / "model.tflite").write_bytes(b"flipped")
    assert instance.bring()

    assert (instance.target / "model.tflite").read_bytes() == MODEL["model.tflite"]
    assert instance.fetched == 2


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        pytest.param(layer(IN_LAYER | {"ml/model/more.py": b""}), "holds 'ml/model/more.py'", id="another file"),
        pytest.param(layer(IN_LAYER | {"python/evil.py": b""}), "holds 'python/evil.py'", id="beside the model"),
        pytest.param(layer(IN_LAYER | {"ml/model/../../x": b""}), "does not name", id="a path that leads out"),
        pytest.param(layer({"ml/model/model.json": b"{}"}), "model.tflite is missing", id="a missing file"),
        pytest.param(layer(IN_LAYER | {"ml/model/model.json": b"[]"}), "has the SHA-256", id="another content"),
        pytest.param(b"PK", "cannot be unpacked: ", id="no archive"),
    ],
)
def test_refuses_an_archive_that_differs_from_the_manifest(tmp_path: Path, archive: bytes, reason: str) -> None:
    instance = Instance(tmp_path, archive)

    with pytest.raises(instance.boot.BootError, match=reason.replace("[", r"\[")):
        instance.bring()

    assert not instance.target.exists()
