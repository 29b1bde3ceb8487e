"""Deployments of signed models, and their signatures in a bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cdk_tensorflow_shared.signing_bundle import SIGNATURE_BUNDLE, Bundle, read_bundle
from index import on_event
from published_models import BUCKET, BUILD_ID, KEY, PREFIX, build_event, compatibility_properties, publish

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SIGNATURE = f"{PREFIX}/litert/1/{SIGNATURE_BUNDLE}"


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


def replace_layer(s3: S3Client, record: dict[str, str]) -> dict[str, str]:
    """Write another layer in a version's place, and its object version into the version's record."""
    other = s3.put_object(Bucket=BUCKET, Key=record["LayerKey"], Body=b"LAYER of version 1")
    return write_record(s3, record | {"LayerObjectVersion": other["VersionId"]})


def write_record(s3: S3Client, record: dict[str, str]) -> dict[str, str]:
    path = f"{PREFIX}/keys/{KEY}/{record['Version']}.json"
    s3.put_object(Bucket=BUCKET, Key=path, Body=json.dumps(record).encode())
    return record
