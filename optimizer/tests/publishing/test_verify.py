"""The command `verify`: published versions pass, and every change of one is named."""

from __future__ import annotations

import hashlib
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.signing_bundle import SIGNATURE_BUNDLE, Bundle, read_bundle, statement_of
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from publishing_samples import PREFIX, SAVED_MODEL
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.storage.checksums import write_checksums
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.record import Record

    Release = Callable[..., Record | None]
    MakeOutput = Callable[..., Path]

FOLDER = f"{PREFIX}/litert/1/"


def verify(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["verify", *(str(argument) for argument in arguments)])
    assert done.exit_code == code, done.output
    return done.output


def copy_of(s3: S3Client, directory: Path, folder: str = FOLDER) -> Path:
    """Download a version as `aws s3 cp --recursive` does."""
    for item in s3.list_objects_v2(Bucket="models", Prefix=folder)["Contents"]:
        path = directory / item["Key"].removeprefix(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket="models", Key=item["Key"])["Body"].read())
    return directory


@pytest.fixture
def copy(s3: S3Client, release: Release, make_output: MakeOutput, tmp_path: Path) -> Path:
    release(make_output())
    return copy_of(s3, tmp_path / "copy")


def test_json_says_what_is_as_published_and_what_is_not(copy: Path) -> None:
    found = json.loads(verify(copy, "--json"))
    assert found["asPublished"] is True
    assert found["problems"] == []
    assert found["files"] > 1
    (copy / "more").write_text("more")
    found = json.loads(verify(copy, "--json", code=2))
    assert found["asPublished"] is False
    assert any("more" in problem for problem in found["problems"])


def pem_of(private: Any) -> bytes:
    encoded: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def sign(directory: Path, private: Any, folder: str = FOLDER) -> Path:
    """Sign a copy as the deployment does with KMS, and return the file of the public key."""
    text = (directory / "manifest.json").read_bytes()
    payload = statement_of(f"{folder}manifest.json", json.loads(text), hashlib.sha256(text).hexdigest())
    hint = hashlib.sha256(pem_of(private)).hexdigest()
    message = Bundle(payload, b"", hint).signed_bytes()
    if isinstance(private, rsa.RSAPrivateKey):
        signature = private.sign(message, padding.PKCS1v15(), hashes.SHA256())
    else:
        digest = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}[private.curve.key_size]
        signature = private.sign(message, ec.ECDSA(digest))
    (directory / SIGNATURE_BUNDLE).write_text(Bundle(payload, signature, hint).to_json())
    key = directory.parent / "key.pem"
    key.write_bytes(pem_of(private))
    return key


@pytest.fixture
def private() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize("place", ["", "manifest.json"])
def test_a_version_in_a_bucket_passes(s3: S3Client, release: Release, make_output: MakeOutput, place: str) -> None:
    release(make_output())

    said = verify(f"s3://models/{FOLDER}{place}")

    assert "version 1 of digits (litert): 10 files are as published" in said
    assert "note: it is not signed" in said


def test_a_saved_model_passes(s3: S3Client, release: Release, make_output: MakeOutput, tmp_path: Path) -> None:
    release(make_output(job=SAVED_MODEL), job=SAVED_MODEL)
    folder = f"{PREFIX}/saved_model/1/"

    for place in (f"s3://models/{folder}", copy_of(s3, tmp_path / "copy", folder)):
        assert "version 1 of digits (saved_model): 9 files are as published" in verify(place)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA"])
def test_a_signed_copy_passes_with_the_public_key(copy: Path, kind: str) -> None:
    private: Any = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
    }[kind]()
    key = sign(copy, private)

    said = verify(copy, "--public-key", key)

    assert f"signed by the key with the hint {hashlib.sha256(key.read_bytes()).hexdigest()}" in said
    assert "note" not in said


def test_a_signature_that_is_not_verified_is_no_signature(copy: Path, private: ec.EllipticCurvePrivateKey) -> None:
    sign(copy, private)

    said = verify(copy)

    assert "note: its signature, of a key with the hint" in said
    assert "signed by" not in said


def test_an_unsigned_copy_fails_where_a_key_must_have_signed_it(
    copy: Path, private: ec.EllipticCurvePrivateKey
) -> None:
    key = sign(copy, private)
    (copy / SIGNATURE_BUNDLE).unlink()

    assert "nobody has signed this version" in verify(copy, "--public-key", key, code=2)


def test_a_signature_of_another_key_fails(copy: Path, private: ec.EllipticCurvePrivateKey) -> None:
    key = sign(copy, private)
    sign(copy, ec.generate_private_key(ec.SECP256R1()))
    key.write_bytes(pem_of(private))

    assert "another key made it" in verify(copy, "--public-key", key, code=2)


@pytest.mark.parametrize("what", ["signature", "payload"])
def test_a_changed_signature_fails(copy: Path, private: ec.EllipticCurvePrivateKey, what: str) -> None:
    key = sign(copy, private)
    bundle = read_bundle((copy / SIGNATURE_BUNDLE).read_bytes())
    changed = {"payload": bundle.payload, "signature": bundle.signature, "hint": bundle.hint}
    changed[what] = bundle.payload + b" " if what == "payload" else bundle.signature[:-1] + b"\0"
    (copy / SIGNATURE_BUNDLE).write_text(Bundle(**changed).to_json())

    assert "signature and statement do not belong together" in verify(copy, "--public-key", key, code=2)


def test_a_manifest_that_was_not_signed_fails_with_its_own_files(
    copy: Path, private: ec.EllipticCurvePrivateKey
) -> None:
    """Whoever changes a file can change the manifest too, and cannot sign it."""
    key = sign(copy, private)
    manifest = json.loads((copy / "manifest.json").read_text())
    evil = b"another model"
    (copy / "model.tflite").write_bytes(evil)
    for file in manifest["files"]:
        if file["path"] == "model.tflite":
            file.update(size=len(evil), sha256=hashlib.sha256(evil).hexdigest())
    (copy / "manifest.json").write_text(json.dumps(manifest))

    assert "it signs a manifest with the SHA-256" in verify(copy, "--public-key", key, code=2)


def change(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@pytest.mark.parametrize(
    "name", ["model.tflite", "model.json", "SHA256SUMS", "layer.zip", "bom.cdx.json", "provenance.json"]
)
def test_every_file_is_compared(copy: Path, name: str) -> None:
    change(copy / name)
    assert f"{name} has" in verify(copy, code=2)
    (copy / name).unlink()
    assert f"{name} is missing" in verify(copy, code=2)


def test_the_layers_content_is_compared_too(copy: Path) -> None:
    with zipfile.ZipFile(copy / "layer.zip", "w") as layer:
        layer.writestr("ml/model/model.tflite", b"another model")

    said = verify(copy, code=2)

    assert "layer.zip!/ml/model/model.tflite has 13 bytes" in said
    assert "layer.zip!/ml/model/model.json is missing" in said


def test_a_file_that_nobody_published_is_named(s3: S3Client, copy: Path) -> None:
    s3.put_object(Bucket="models", Key=f"{FOLDER}assets/extra.txt", Body=b"x")
    (copy / "extra.txt").write_bytes(b"x")

    assert "extra.txt is not in the manifest" in verify(copy, code=2)
    assert "assets/extra.txt is not in the manifest" in verify(f"s3://models/{FOLDER}", code=2)


def test_all_problems_are_named_at_once(copy: Path) -> None:
    change(copy / "model.tflite")
    (copy / "model.json").unlink()

    assert verify(copy, code=2).count("\n  - ") == 2


def test_a_document_that_cannot_be_read_is_named(copy: Path) -> None:
    """Change the manifest to match the document, so that only its content is wrong."""
    manifest = json.loads((copy / "manifest.json").read_text())
    for file in manifest["documents"]:
        (copy / file["path"]).write_bytes(b"{}")
        file.update(size=2, sha256=hashlib.sha256(b"{}").hexdigest())
    (copy / "manifest.json").write_text(json.dumps(manifest))

    said = verify(copy, code=2)

    assert "bom.cdx.json is not what the optimizer writes" in said
    assert "provenance.json is not what the optimizer writes" in said


def test_a_provenance_of_another_model_is_named(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    statement = json.loads((copy / "provenance.json").read_text())
    statement["subject"][0]["digest"]["sha256"] = "0" * 64
    text = json.dumps(statement).encode()
    (copy / "provenance.json").write_bytes(text)
    for file in manifest["documents"]:
        if file["path"] == "provenance.json":
            file.update(size=len(text), sha256=hashlib.sha256(text).hexdigest())
    (copy / "manifest.json").write_text(json.dumps(manifest))

    assert f"provenance.json is about another {statement['subject'][0]['name']}" in verify(copy, code=2)


@pytest.mark.parametrize("place", ["s3://models", "s3://models/nothing/here/", "nowhere"])
def test_a_place_without_a_version_is_refused(s3: S3Client, tmp_path: Path, place: str) -> None:
    said = verify(place if place.startswith("s3:") else tmp_path / place, code=2)

    assert "names no version" in said or "there is no" in said


def test_something_else_than_a_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")

    assert "is not a manifest of this version of the optimizer" in verify(tmp_path, code=2)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"])
def test_a_file_without_a_public_key_is_refused(copy: Path, tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(content)

    assert "is not a public key in PEM form" in verify(copy, "--public-key", key, code=2)


def test_a_key_of_another_kind_is_refused(copy: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(pem_of(ed25519.Ed25519PrivateKey.generate()))

    assert "is a key of another kind" in verify(copy, "--public-key", key, code=2)


def test_a_signature_is_bound_to_its_place_in_the_bucket(s3: S3Client, copy: Path, tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    key = sign(copy, private, "other/litert/1/")
    s3.put_object(Bucket="models", Key=FOLDER + SIGNATURE_BUNDLE, Body=(copy / SIGNATURE_BUNDLE).read_bytes())

    said = verify(f"s3://models/{FOLDER}", "--public-key", key, code=2)

    assert "it signs other/litert/1/manifest.json, and was moved from there" in said


def test_other_golden_requests_are_named(s3: S3Client, release: Release, make_output: MakeOutput) -> None:
    output = make_output()
    (output / "golden.json").write_text("[]")
    write_checksums(output)
    release(output)
    golden = f"{PREFIX}/golden/1.json"
    verify(f"s3://models/{FOLDER}")

    s3.put_object(Bucket="models", Key=golden, Body=b"{}")

    assert f"{golden} does not hold the golden requests with the SHA-256" in verify(f"s3://models/{FOLDER}", code=2)
