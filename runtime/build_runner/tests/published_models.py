"""Models as the optimizer publishes them, and the events that ask for them."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from cdk_tensorflow_shared.build_key import build_key
from model_builds.checks.compatibility import check_compatibility
from model_builds.errors import ModelError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "models"
PREFIX = "digits-1a2b3c4d"
PROJECT = "Optimizer"
BUILD_ID = f"{PROJECT}:11112222-3333-4444-5555-666677778888"
NATIVE_LAYER = "arn:aws:lambda:eu-west-1:111122223333:layer:native:3"
NUMPY_LAYER = "arn:aws:lambda:eu-west-1:111122223333:layer:numpy:5"
NATIVE = {"layerArn": NATIVE_LAYER, "functionRuntime": "provided.al2023"}
NUMPY = {"layerArn": NUMPY_LAYER, "functionRuntime": "python3.13"}

JOB: dict[str, Any] = {
    "schemaVersion": 1,
    "model": "digits",
    "format": "litert",
    "source": {
        "packaging": "zip",
        "identity": {"digest": "ab" * 32},
        "location": {"bucket": "assets", "key": "ab.zip"},
        "tags": ["serve"],
        "stateful": "refuse",
    },
    "tasks": {},
    "recipe": {"kind": "forLiteRt", "steps": []},
    "seed": 0,
    "architecture": "x86_64",
    "toolchain": {"behaviorVersion": 1, "tensorflow": "2.20.0", "litert": "2.3.0"},
}
KEY = build_key(JOB)


def build_event(job: dict[str, Any] = JOB, request_type: str = "Create", **more: Any) -> dict[str, Any]:
    return {
        "RequestType": request_type,
        "RequestId": "8f6c1a52-0000-4000-8000-000000000001",
        "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/App/1",
        "LogicalResourceId": "DigitsBuild699DCA2C",
        "ResourceProperties": {
            "Mode": "build",
            "Project": PROJECT,
            "Bucket": BUCKET,
            "Model": PREFIX,
            "Job": json.dumps(job),
        },
        **more,
    }


MODEL = b"TFL"
CHECKSUMS = f"{hashlib.sha256(MODEL).hexdigest()}  model.tflite\n".encode()
CHECKSUMS_SHA256 = hashlib.sha256(CHECKSUMS).hexdigest()
GOLDEN = b"{}"
GOLDEN_SHA256 = hashlib.sha256(GOLDEN).hexdigest()

#: Requirements of a LiteRT model, with and without measured memory.
NEEDS: dict[str, Any] = {"runtime": "native", "peakMemoryMebibytes": 40.0, "cpuFeatures": []}
UNMEASURED = {key: value for key, value in NEEDS.items() if key != "peakMemoryMebibytes"}


def offer(**changes: Any) -> dict[str, Any]:
    return {
        "endpoint": "function",
        "format": "litert",
        "architecture": "x86_64",
        "memoryMebibytes": 1769,
        "timeoutSeconds": 30,
        "runtimes": {"native": NATIVE, "numpy": NUMPY},
    } | changes


def compatibility_properties(
    record: dict[str, str], offered: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    return {
        "Mode": "compatibility",
        "Bucket": BUCKET,
        "ManifestKey": record["ManifestKey"],
        "ManifestSha256": record["ManifestSha256"],
        "Offer": json.dumps(offered or offer()),
    } | changes


def misfit(record: dict[str, str], **changes: Any) -> str:
    """Return the sentence with which a model is refused."""
    with pytest.raises(ModelError) as caught:
        check_compatibility(compatibility_properties(record, offer(**changes)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sized(model: int) -> list[dict[str, Any]]:
    """Return the files of a layer whose model has so many bytes."""
    files = {"layer.zip": 5, "layer.zip!/ml/model/model.tflite": model - 1000, "layer.zip!/ml/model/model.json": 1000}
    return [{"path": path, "size": size, "sha256": "00" * 32} for path, size in files.items()]


def manifest(version: int = 1, **changes: Any) -> dict[str, Any]:
    layer = layer_content(version)
    return {
        "schemaVersion": 1,
        "model": "digits",
        "version": version,
        "format": "litert",
        "architecture": "x86_64",
        "files": [
            {"path": "layer.zip", "size": len(layer), "sha256": hashlib.sha256(layer).hexdigest()},
            {"path": "layer.zip!/ml/model/model.tflite", "size": 3, "sha256": "00" * 32},
            {"path": "model.tflite", "size": len(MODEL), "sha256": hashlib.sha256(MODEL).hexdigest()},
            {"path": "SHA256SUMS", "size": len(CHECKSUMS), "sha256": CHECKSUMS_SHA256},
        ],
        "goldenSha256": GOLDEN_SHA256,
        "sizeBytes": 123456,
        "requirements": NEEDS,
        "loadMilliseconds": 5.0,
        "latencyMilliseconds": 2.0,
        "buildKey": KEY,
    } | copy.deepcopy(changes)


def layer_content(version: int) -> bytes:
    return f"layer of version {version}".encode()


def publish(
    s3: S3Client, version: int = 1, key: str = KEY, prefix: str = PREFIX, record: bool = True, **changes: Any
) -> dict[str, str]:
    """Publish a version with its files and, unless told otherwise, its record; return the record."""
    key_prefix = f"{prefix}/litert/{version}/"
    content = json.dumps(manifest(version, **{"buildKey": key} | changes)).encode()
    layer = s3.put_object(Bucket=BUCKET, Key=f"{key_prefix}layer.zip", Body=layer_content(version))
    s3.put_object(Bucket=BUCKET, Key=f"{key_prefix}model.tflite", Body=MODEL)
    s3.put_object(Bucket=BUCKET, Key=f"{key_prefix}SHA256SUMS", Body=CHECKSUMS)
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/golden/{version}.json", Body=GOLDEN)
    s3.put_object(Bucket=BUCKET, Key=f"{key_prefix}manifest.json", Body=content)
    document = {
        "Status": "SUCCEEDED",
        "Version": str(version),
        "KeyPrefix": key_prefix,
        "ManifestKey": f"{key_prefix}manifest.json",
        "ManifestSha256": hashlib.sha256(content).hexdigest(),
        "ChecksumsSha256": CHECKSUMS_SHA256,
        "LayerKey": f"{key_prefix}layer.zip",
        "LayerObjectVersion": layer.get("VersionId", ""),
        "Runtime": "native",
        "ArchiveKey": "",
        "ArchiveSha256": "",
        "GoldenKey": f"{prefix}/golden/{version}.json",
        "ServerKey": "",
        "ServerSha256": "",
        "ReportKey": f"{prefix}/builds/1/report.html",
        "BuildUrl": "https://console.example/build",
        "Summary": "float16: half the size, accuracy 0.98 as before",
        "Isolation": "user, files, calls on; network off (it needs CAP_SYS_ADMIN)",
    }
    if record:
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/keys/{key}/{version}.json", Body=json.dumps(document).encode())
    return document
