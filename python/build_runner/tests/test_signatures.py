"""Which versions are signed, by what, and which signatures let a version serve."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from index import is_complete, on_event
from kms_keys import Kms
from model_builds import aws
from model_builds.errors import ModelError
from model_builds.signature_bundle import SIGNATURE_FILE, Bundle, read_bundle, statement_of
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

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

SIGNATURE = f"{PREFIX}/litert/1/{SIGNATURE_FILE}"


@pytest.fixture(autouse=True)
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    kms = Kms()
    monkeypatch.setattr(aws, "kms", lambda _region: kms)
    return kms


@pytest.fixture
def key(kms: Kms) -> str:
    return kms.create()


def deployment(key: str, **changes: str) -> dict[str, Any]:
    """Return the event of a model whose version exists already."""
    event = build_event()
    event["ResourceProperties"] |= {"SigningKey": key, **changes}
    return event


def build_ended(key: str, **changes: str) -> dict[str, Any]:
    """Return the event of a poll after a build, as CodeBuild answers it."""
    return deployment(key, **changes) | {"Build": {"Id": BUILD_ID, "Key": KEY, "Started": 0}}


def serve(record: dict[str, str], key: str) -> dict[str, Any]:
    """Ask whether an endpoint may serve a version."""
    properties = compatibility_properties(record, SigningKey=key)
    answer: dict[str, Any] = on_event(build_event() | {"ResourceProperties": properties}, None)["Data"]
    return answer


def signed(s3: S3Client, key: str, version: int = 1) -> dict[str, str]:
    record = publish(s3, version)
    on_event(deployment(key, UnsignedVersions="SIGN"), None)
    return record


def read_signature(s3: S3Client) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=SIGNATURE)["Body"].read()


def change_signature(s3: S3Client, **changes: Any) -> None:
    bundle = read_bundle(read_signature(s3))
    values = {"payload": bundle.payload, "signature": bundle.signature, "hint": bundle.hint} | changes
    s3.put_object(Bucket=BUCKET, Key=SIGNATURE, Body=Bundle(**values).to_json().encode())


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
    files = {one["path"]: one["sha256"] for one in manifest()["files"] if "!" not in one["path"]}
    resources = {one["name"]: one["digest"] for one in statement["predicate"]["resources"]}
    assert resources == files | {"manifest.json": record["ManifestSha256"]}
    digests = b"".join(bytes.fromhex(resources[name]) for name in sorted(resources))
    assert statement["subject"] == [
        {"name": "digits/litert/1", "digest": {"sha256": hashlib.sha256(digests).hexdigest()}}
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


def test_without_a_key_nothing_is_signed_and_kms_is_not_asked(s3: S3Client, kms: Kms) -> None:
    record = publish(s3)

    on_event(build_event(), None)
    on_event(build_event() | {"ResourceProperties": compatibility_properties(record)}, None)

    assert kms.requests == []
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix=SIGNATURE)


def refusal(s3: S3Client, record: dict[str, str], key: str) -> str:
    """Return why neither an endpoint nor a deployment accepts a version."""
    with pytest.raises(ModelError) as served:
        serve(record, key)
    with pytest.raises(ModelError) as found:
        on_event(deployment(key, UnsignedVersions="SIGN"), None)
    assert str(served.value) == str(found.value)
    return str(served.value)


def test_a_deleted_signature_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    with pytest.raises(ModelError, match="somebody has deleted the signature"):
        serve(record, key)


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


def test_a_changed_statement_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    payload = read_bundle(read_signature(s3)).payload
    change_signature(s3, payload=payload.replace(b"model.tflite", b"MODEL.tflite"))

    assert "signature and statement do not belong together" in refusal(s3, record, key)


def test_the_signature_of_another_version_serves_nothing(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    publish(s3, 2, key="b" * 64)
    other = read_signature(s3)
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/litert/2/{SIGNATURE_FILE}", Body=other)
    second = publish(s3, 2, key="b" * 64)

    with pytest.raises(ModelError, match=f"it signs a manifest with the SHA-256 {record['ManifestSha256']}"):
        serve(second, key)


def test_a_changed_manifest_serves_nothing(s3: S3Client, key: str) -> None:
    signed(s3, key)
    changed = publish(s3, sizeBytes=1)

    assert "it signs a manifest with the SHA-256" in refusal(s3, changed, key)


def test_a_signed_version_is_not_served_under_another_number(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    for name in ("manifest.json", SIGNATURE_FILE, "layer.zip"):
        content = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/litert/1/{name}")["Body"].read()
        s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/litert/9/{name}", Body=content)
    moved = record | {"ManifestKey": f"{PREFIX}/litert/9/manifest.json"}

    with pytest.raises(ModelError, match=r"it signs litert/1/manifest\.json, and was moved from there"):
        serve(moved, key)


def test_a_copy_in_another_prefix_is_served(s3: S3Client, key: str) -> None:
    record = signed(s3, key)
    for name in ("manifest.json", SIGNATURE_FILE, "layer.zip"):
        content = s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}/litert/1/{name}")["Body"].read()
        s3.put_object(Bucket=BUCKET, Key=f"copy/litert/1/{name}", Body=content)

    assert serve(record | {"ManifestKey": "copy/litert/1/manifest.json"}, key)["Version"] == "1"


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
            b'{"predicateType": "https://model_signing/signature/v1.0", "predicate": {"resources": []}}',
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


@pytest.mark.parametrize("spec", ["P-256", "P-384", "RSA"])
def test_the_signed_bytes_are_those_of_dsse(spec: str) -> None:
    """What another implementation signs, by the specification of DSSE, is what this one verifies."""
    statement = statement_of(manifest(), "0" * 64)
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
    from model_builds.kept import Refusal, write_refusal
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


@pytest.fixture
def cloudformation() -> Iterator[Stubber]:
    with Stubber(aws.cloudformation()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer_status(cloudformation: Stubber, status: str) -> None:
    stack = {"StackName": "App", "CreationTime": datetime(2026, 11, 26, tzinfo=UTC), "StackStatus": status}
    cloudformation.add_response("describe_stacks", {"Stacks": [stack]})


def back_to(record: dict[str, str], key: str) -> list[dict[str, Any]]:
    """Return the events with which a rollback returns to a version: of its build, and of the endpoint's check."""
    check = build_event(request_type="Update", PhysicalResourceId="id")
    check["ResourceProperties"] = compatibility_properties(record, SigningKey=key)
    return [deployment(key) | {"RequestType": "Update", "PhysicalResourceId": "id"}, check]


def test_a_rollback_returns_to_what_served_whatever_happened_to_its_signature(
    s3: S3Client, key: str, cloudformation: Stubber
) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in back_to(record, key):
        answer_status(cloudformation, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert on_event(event, None)["Data"]["ManifestSha256"] == record["ManifestSha256"]


def test_an_update_is_no_rollback(s3: S3Client, key: str, cloudformation: Stubber) -> None:
    record = signed(s3, key)
    s3.delete_object(Bucket=BUCKET, Key=SIGNATURE)

    for event in back_to(record, key):
        answer_status(cloudformation, "UPDATE_IN_PROGRESS")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
        cloudformation.add_client_error("describe_stacks", "ValidationError")
        with pytest.raises(ModelError, match="has no signature"):
            on_event(event, None)
