"""Signatures and keys that are refused: no endpoint serves the version."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from cdk_tensorflow_shared.build_key import build_key
from cdk_tensorflow_shared.signing_bundle import PREDICATE_TYPE, SIGNATURE_BUNDLE, Bundle, read_bundle
from index import on_event
from model_builds import aws
from model_builds.errors import ModelError
from published_models import BUCKET, JOB, PREFIX, build_event, compatibility_properties, publish
from signed_models import (
    SIGNATURE,
    change_signature,
    deployment,
    read_signature,
    replace_layer,
    serve,
    signed,
    write_record,
)

if TYPE_CHECKING:
    from kms_keys import Kms
    from mypy_boto3_s3 import S3Client


def refusal(s3: S3Client, record: dict[str, str], key: str) -> str:
    """Return why neither an endpoint nor a deployment accepts a version."""
    with pytest.raises(ModelError) as served:
        serve(record, key)
    with pytest.raises(ModelError) as found:
        on_event(deployment(key, UnsignedVersions="SIGN"), None)
    assert str(served.value) == str(found.value)
    return str(served.value)


@pytest.mark.fault
def test_a_deleted_signature_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    with pytest.raises(ModelError, match="somebody has deleted the signature"):
        serve(record, key)


@pytest.mark.fault
def test_a_signature_of_another_key_serves_nothing(s3: S3Client, kms: Kms, key: str) -> None:
    record = signed(s3, kms.create())

    said = refusal(s3, record, key)

    assert "another key made it" in said
    assert f"nothing is served that {key} has not signed" in said


def test_a_foreign_signature_that_claims_to_be_the_keys_serves_nothing(s3: S3Client, kms: Kms, key: str) -> None:
    record = signed(s3, key)
    ours = read_bundle(read_signature(s3)).hint
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)
    on_event(deployment(kms.create(), UnsignedVersions="SIGN"), None)
    change_signature(s3, hint=ours)

    assert "signature and statement do not belong together" in refusal(s3, record, key)


@pytest.mark.fault
def test_a_changed_statement_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    payload = read_bundle(read_signature(s3)).payload
    change_signature(s3, payload=payload.replace(b"model.tflite", b"MODEL.tflite"))

    assert "signature and statement do not belong together" in refusal(s3, record, key)


def test_the_signature_of_another_version_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    publish(s3, 2, key="b" * 64)
    other = read_signature(s3)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/litert/2/{SIGNATURE_BUNDLE}", Body=other)
    second = publish(s3, 2, key="b" * 64)

    with pytest.raises(ModelError, match=f"it signs a manifest with the SHA-256 {record['ManifestSha256']}"):
        serve(second, key)


@pytest.mark.fault
def test_a_changed_manifest_serves_nothing(s3: S3Client, key: str) -> None:
    signed(s3, key)
    changed = publish(s3, sizeBytes=1)

    assert "it signs a manifest with the SHA-256" in refusal(s3, changed, key)


@pytest.mark.fault
def test_another_layer_in_the_place_of_a_signed_one_serves_nothing(s3: S3Client, key: str) -> None:
    record = replace_layer(s3, signed(s3, key))

    with pytest.raises(ModelError, match=r"layer\.zip has the SHA-256 \w+, and the manifest says"):
        serve(record, key)


def test_a_record_cannot_contradict_the_signed_manifest(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    served = serve(record, key)
    names = ("ChecksumsSha256", "GoldenKey", "KeyPrefix", "LayerKey", "ServerKey", "ServerSha256")
    changed = dict.fromkeys(names, "other")
    write_record(s3, record | changed)

    assert serve(record, key) == served


def copy_version(s3: S3Client, source: str, target: str, bucket: str = BUCKET) -> None:
    for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=source)["Contents"]:
        place = {"Bucket": BUCKET, "Key": item["Key"]}
        s3.copy_object(Bucket=bucket, Key=item["Key"].replace(source, target, 1), CopySource=place)


@pytest.mark.parametrize("place", [f"{PREFIX}/litert/9", "copy/litert/1"])
def test_a_signed_version_is_served_only_from_its_place(s3: S3Client, key: str, place: str) -> None:
    record = signed(s3, key)
    copy_version(s3, f"{PREFIX}/litert/1", place)

    with pytest.raises(ModelError, match=rf"it signs {PREFIX}/litert/1/manifest\.json, and was moved from there"):
        serve(record | {"ManifestKey": f"{place}/manifest.json"}, key)


def test_a_copy_in_another_bucket_is_served(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    s3.create_bucket(Bucket="production", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="production", VersioningConfiguration={"Status": "Enabled"})
    copy_version(s3, f"{PREFIX}/litert/1", f"{PREFIX}/litert/1", "production")

    properties = compatibility_properties(record, SigningKey=key, Bucket="production")
    assert on_event(build_event() | {"ResourceProperties": properties}, None)["Data"]["Version"] == "1"


@pytest.mark.fault
def test_a_signed_version_of_another_model_serves_nothing(s3: S3Client, key: str) -> None:
    signed(s3, key)
    other = JOB | {"model": "other"}
    foreign = publish(s3, key=build_key(other), prefix="other", model="other")
    asked = build_event(other)
    asked["ResourceProperties"] |= {"Model": "other", "SigningKey": key, "UnsignedVersions": "SIGN"}
    on_event(asked, None)
    copy_version(s3, "other/litert/1", f"{PREFIX}/litert/1")
    copied = json.loads(json.dumps(foreign).replace("other/", f"{PREFIX}/"))
    layer = s3.head_object(Bucket=BUCKET, Key=copied["LayerKey"])
    record = write_record(s3, copied | {"LayerObjectVersion": layer["VersionId"]})

    with pytest.raises(ModelError, match=r"it signs other/litert/1/manifest\.json, and was moved from there"):
        serve(record, key)
    with pytest.raises(ModelError, match=f"is of the model 'other', and '{JOB['model']}' is deployed here"):
        on_event(deployment(key), None)


def test_a_version_that_says_to_be_another_model_is_not_signed(s3: S3Client, key: str) -> None:
    publish(s3, model="other")

    with pytest.raises(ModelError, match="is of the model 'other'"):
        on_event(deployment(key, UnsignedVersions="SIGN"), None)
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=SIGNATURE)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not a Sigstore bundle"),
        (b"[]", "it is not a Sigstore bundle"),
        (b'{"dsseEnvelope": {"signatures": []}}', "it is not a Sigstore bundle"),
        (
            json.dumps(
                {
                    "dsseEnvelope": {"payloadType": "text/plain", "payload": "", "signatures": [{"sig": ""}]},
                    "verificationMaterial": {"publicKey": {"hint": ""}},
                }
            ).encode(),
            "its payload is of the type 'text/plain'",
        ),
    ],
)
def test_something_else_in_its_place_serves_nothing(s3: S3Client, key: str, content: bytes, said: str) -> None:
    record = publish(s3)
    s3.put_object(Bucket=BUCKET, Key=SIGNATURE, Body=content)

    assert said in refusal(s3, record, key)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (b"no JSON", "its statement cannot be read"),
        (b'{"predicateType": "https://slsa.dev/provenance/v1"}', "it is a statement of the type"),
        (
            json.dumps(
                {"predicateType": PREDICATE_TYPE, "predicate": {"resources": []}, "subject": [{"name": ""}]}
            ).encode(),
            "its statement names no manifest",
        ),
    ],
)
def test_a_signed_statement_about_something_else_serves_nothing(
    s3: S3Client, kms: Kms, key: str, statement: bytes, said: str
) -> None:
    """The key may sign other things too."""
    record = signed(s3, key)
    hint = read_bundle(read_signature(s3)).hint
    unsigned = Bundle(payload=statement, signature=b"", hint=hint)
    digest = hashlib.sha256(unsigned.signed_bytes()).digest()
    signature = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    change_signature(s3, payload=statement, signature=signature)

    assert said in refusal(s3, record, key)


@pytest.mark.parametrize(("spec", "usage"), [("RSA_2048", "ENCRYPT_DECRYPT"), ("ECC_SECG_P256K1", "SIGN_VERIFY")])
def test_a_key_that_cannot_sign_is_refused_by_name(s3: S3Client, kms: Kms, spec: str, usage: str) -> None:
    key = kms.create(spec, usage)
    publish(s3)

    with pytest.raises(ModelError, match=f"the signingKey {key} has the spec {spec} and the usage {usage}: give"):
        on_event(deployment(key, UnsignedVersions="SIGN"), None)


def test_a_deleted_key_is_refused_by_name(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    gone = key[:-4] + "0000"

    with pytest.raises(ModelError, match=f"the signingKey {gone} cannot be used"):
        serve(record, gone)


@pytest.mark.fault
def test_a_role_without_permission_fails_the_deployment_and_says_which(
    s3: S3Client, key: str, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = signed(s3, key)

    class Denied:
        def get_public_key(self, **_: Any) -> Any:
            raise ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "no kms:GetPublicKey"}}, "GetPublicKey"
            )

    monkeypatch.setattr(aws, "kms", lambda _region: Denied())
    with pytest.raises(ModelError, match="GetPublicKey failed: AccessDeniedException: no kms:GetPublicKey"):
        serve(record, key)
    assert sum(clock.slept) >= 60  # a new policy takes a while to be effective
