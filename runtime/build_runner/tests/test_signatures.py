"""Signatures of versions: which are signed, by what, and in which format."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.signing_bundle import Bundle, read_bundle, statement_of
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from index import is_complete, on_event
from model_builds.errors import ModelError
from published_models import (
    BUCKET,
    BUILD_ID,
    JOB,
    KEY,
    PREFIX,
    build_event,
    compatibility_properties,
    manifest,
    publish,
)
from signed_models import SIGNATURE, build_ended, deployment, read_signature, serve, signed

if TYPE_CHECKING:
    from botocore.stub import Stubber
    from kms_keys import Kms
    from mypy_boto3_s3 import S3Client


def answer_of_codebuild(codebuild: Stubber) -> None:
    build = {
        "id": BUILD_ID,
        "arn": f"arn:aws:codebuild:eu-west-1:111122223333:build/{BUILD_ID}",
        "projectName": "Optimizer",
        "buildStatus": "SUCCEEDED",
    }
    codebuild.add_response("batch_get_builds", {"builds": [build]})


def test_the_version_of_a_new_build_is_signed_and_served(s3: S3Client, codebuild: Stubber, key: str) -> None:
    record = publish(s3)
    answer_of_codebuild(codebuild)

    answer = is_complete(build_ended(key), None)

    assert answer["Data"] == record
    assert serve(record, key)["ManifestSha256"] == record["ManifestSha256"]


def test_the_statement_names_every_file_and_the_manifest(s3: S3Client, key: str) -> None:
    record = signed(s3, key)

    statement = json.loads(read_bundle(read_signature(s3)).payload)

    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    files = {file["path"]: file["sha256"] for file in manifest()["files"] if "!" not in file["path"]}
    resources = {resource["name"]: resource["digest"] for resource in statement["predicate"]["resources"]}
    assert resources == files | {"manifest.json": record["ManifestSha256"]}
    digests = b"".join(bytes.fromhex(resources[name]) for name in sorted(resources))
    assert statement["subject"] == [
        {"name": f"{PREFIX}/litert/1", "digest": {"sha256": hashlib.sha256(digests).hexdigest()}}
    ]


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "RSA_2048", "RSA_4096"])
def test_every_supported_key_signs_and_verifies(s3: S3Client, kms: Kms, spec: str) -> None:
    key = kms.create(spec)

    record = signed(s3, key)

    assert serve(record, key)["Version"] == "1"


def test_a_signature_is_never_replaced(s3: S3Client, key: str) -> None:
    signed(s3, key)
    before = read_signature(s3)

    on_event(deployment(key, UnsignedVersions="SIGN"), None)

    assert read_signature(s3) == before


def test_two_deployments_at_once_sign_once(s3: S3Client, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from model_builds.store import Store

    record = publish(s3)
    genuine, seen = Store.create, []

    def create(store: Store, name: str, content: str) -> None:
        if not seen:  # the other one is faster
            seen.append(name)
            on_event(deployment(key, UnsignedVersions="SIGN"), None)
        genuine(store, name, content)

    monkeypatch.setattr(Store, "create", create)
    on_event(deployment(key, UnsignedVersions="SIGN"), None)

    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=SIGNATURE)["Versions"]
    assert len(versions) == 1
    assert serve(record, key)["Version"] == "1"


def test_a_version_from_before_the_key_is_refused(s3: S3Client, key: str) -> None:
    record = publish(s3)

    with pytest.raises(ModelError, match=r"has no signature s3://models/.*published before the key was given.*SIGN"):
        on_event(deployment(key), None)
    with pytest.raises(ModelError, match="has no signature"):
        serve(record, key)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=SIGNATURE)


def test_a_version_from_before_the_key_is_signed_on_request(s3: S3Client, key: str) -> None:
    record = publish(s3)

    answer = on_event(deployment(key, UnsignedVersions="SIGN"), None)

    assert answer["Data"] == record
    assert serve(record, key)["Version"] == "1"


def without_mark(s3: S3Client, version: int = 1) -> dict[str, str]:
    """Publish a version as it was before records had a mark of success."""
    record = publish(s3, version)
    document = {name: value for name, value in record.items() if name != "Status"}
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/keys/{KEY}/{version}.json", Body=json.dumps(document).encode())
    return record


@pytest.mark.fault
@pytest.mark.parametrize("has_record", [True, False])
def test_a_version_without_the_mark_of_success_is_never_signed(s3: S3Client, key: str, has_record: bool) -> None:
    record = without_mark(s3) if has_record else publish(s3, record=False)
    named = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}

    with pytest.raises(ModelError, match="is not signed: its record has no mark of success"):
        on_event(deployment(key, Serve=json.dumps([named]), UnsignedVersions="SIGN"), None)

    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=SIGNATURE)


def test_a_version_without_the_mark_that_was_signed_before_is_served_where_a_delivery_names_it(
    s3: S3Client, key: str
) -> None:
    record = signed(s3, key)
    without_mark(s3)
    named = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}

    assert on_event(deployment(key, Serve=json.dumps([named])), None)["Data"]["Version"] == "1"


def test_without_a_key_nothing_is_signed_and_kms_is_not_asked(s3: S3Client, kms: Kms) -> None:
    record = publish(s3)

    on_event(build_event(), None)
    on_event(build_event() | {"ResourceProperties": compatibility_properties(record)}, None)

    assert kms.requests == []
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=SIGNATURE)


@pytest.mark.parametrize("spec", ["P-256", "P-384", "RSA"])
def test_the_signed_bytes_are_those_of_dsse(spec: str) -> None:
    """Verify a signature of another implementation, made by the specification of DSSE."""
    statement = statement_of("digits/litert/1/manifest.json", manifest(), "0" * 64)
    private: Any = {
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "RSA": lambda: rsa.generate_private_key(65537, 2048),
    }[spec]()
    message = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(statement)).encode() + b" " + statement
    digest = hashes.SHA384() if spec == "P-384" else hashes.SHA256()
    how = [padding.PKCS1v15(), digest] if spec == "RSA" else [ec.ECDSA(digest)]
    signature = private.sign(message, *how)
    bundle = read_bundle(Bundle(statement, signature, "hint").to_json().encode())

    hashed = hashlib.new(digest.name, bundle.signed_bytes()).digest()
    prehashed = utils.Prehashed(digest)
    how = [padding.PKCS1v15(), prehashed] if spec == "RSA" else [ec.ECDSA(prehashed)]
    private.public_key().verify(bundle.signature, hashed, *how)


def test_the_hint_is_the_digest_of_the_public_keys_pem(s3: S3Client, kms: Kms, key: str) -> None:
    signed(s3, key)

    der = kms.get_public_key(KeyId=key)["PublicKey"]
    pem = serialization.load_der_public_key(der).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    document = json.loads(read_signature(s3))
    assert document["verificationMaterial"]["publicKey"]["hint"] == hashlib.sha256(pem).hexdigest()
    assert base64.b64decode(document["dsseEnvelope"]["payload"])


def test_a_kept_version_must_be_signed_too(s3: S3Client, key: str) -> None:
    """A refused job keeps the version before, which the key must have signed."""
    from model_builds.documents.kept_versions import Refusal, write_refusal
    from model_builds.store import Store

    record = publish(s3, 1, key="b" * 64)
    refused = Refusal("1", "too inaccurate", "", "https://console.example/build", "2026-11-26", "b" * 64, "1")
    write_refusal(Store(BUCKET), PREFIX, KEY, refused)
    event = deployment(key, OnRefusal="KEEP_PREVIOUS", Attempt="1")
    assert json.loads(event["ResourceProperties"]["Job"]) == JOB

    with pytest.raises(ModelError, match="has no signature"):
        on_event(event, None)
    event["ResourceProperties"]["UnsignedVersions"] = "SIGN"
    assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]


def test_a_version_that_a_delivery_names_must_be_signed_too(s3: S3Client, key: str) -> None:
    record = publish(s3, 1)
    named = {"bucket": BUCKET, "manifestKey": record["ManifestKey"], "manifestSha256": record["ManifestSha256"]}
    event = deployment(key, Serve=json.dumps([named]))

    with pytest.raises(ModelError, match="has no signature"):
        on_event(event, None)
    event["ResourceProperties"]["UnsignedVersions"] = "SIGN"
    assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]
