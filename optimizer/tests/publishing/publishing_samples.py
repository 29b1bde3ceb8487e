"""Jobs, drafts and archives for the tests of this directory."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from tensorflow_optimizer.documents.manifest import Draft, Requirements, Runtime, Signature, SourceRecord, Tensor
from tensorflow_optimizer.documents.outcome import EvidenceKind, Metrics, OutputMetrics

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from tensorflow_optimizer.documents.job import Job

KEY = "a" * 64
PREFIX = "digits-1a2b3c4d"


def job_data(**changes: Any) -> dict[str, Any]:
    data = {
        "schemaVersion": 1,
        "model": "digits",
        "format": "litert",
        "source": {
            "packaging": "zip",
            "identity": {"digest": "d" * 64},
            "location": {"bucket": "inputs", "key": f"{'d' * 64}.zip"},
        },
        "recipe": {"kind": "none", "steps": []},
        "toolchain": {"behaviorVersion": 1, "tensorflow": "2.20.0", "litert": "2.3.0"},
    }
    return {**data, **changes}


def make_zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def metrics(size: int, **output: Any) -> Metrics:
    return Metrics(
        evidence=EvidenceKind.LABELS,
        samples=600,
        outputs={"probabilities": OutputMetrics(task="multiclass", **output)},
        size_bytes=size,
    )


def make_draft(job: Job) -> Draft:
    return Draft(
        model=job.model,
        format=job.format,
        architecture=job.architecture,
        size_bytes=1000,
        default_signature="serving_default",
        signatures={
            "serving_default": Signature(
                batched=True,
                inputs={"image": Tensor(dtype="float32", shape=[-1, 28, 28])},
                outputs={"probabilities": Tensor(dtype="float32", shape=[-1, 10])},
            )
        },
        labels=job.labels,
        source=SourceRecord(digest="e" * 64, format="saved_model", tensorflow_version="2.20.0"),
        recipe=job.recipe,
        candidate="float16",
        unverified=False,
        original=metrics(2000, accuracy=0.983),
        evaluation=metrics(1000, accuracy=0.982),
        gate=job.gate,
        gate_results=[],
        requirements=Requirements(runtime=Runtime.NATIVE if job.format == "litert" else None),
        tools={"tensorflow": "2.20.0"},
    )


def read_json(s3: S3Client, key: str) -> Any:
    return json.loads(s3.get_object(Bucket="models", Key=key)["Body"].read())


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(s3: S3Client, key: str) -> bytes:
    return s3.get_object(Bucket="models", Key=key)["Body"].read()


SAVED_MODEL = job_data(format="saved_model")
