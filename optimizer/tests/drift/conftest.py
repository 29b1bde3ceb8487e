from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

sys.path.insert(0, str(Path(__file__).parent))

from drift_samples import DRAFT, answers_of, captured, inputs_of, profile_of
from tensorflow_optimizer.documents.document import sha256_of
from tensorflow_optimizer.documents.draft import to_manifest
from tensorflow_optimizer.documents.manifest import File

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def version(tmp_path: Path) -> Path:
    """A copy of version 3: its manifest and its profile."""
    random = np.random.default_rng(21)
    folder = tmp_path / "version"
    folder.mkdir()
    text = profile_of(inputs_of(random, 600), answers_of(random, 600)).to_json()
    (folder / "profile.json").write_text(text, encoding="utf-8")
    listed = File(path="profile.json", size=len(text.encode()), sha256=sha256_of(text.encode()))
    manifest = to_manifest(
        DRAFT,
        version=3,
        files=[],
        documents=[listed],
        created="2026-11-20T00:00:00Z",
        build_id="b-1",
        build_key="a" * 64,
    )
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return folder


@pytest.fixture
def requests() -> Callable[..., bytes]:
    """Return a function that makes an object of captured requests, ten rows each."""

    def make(count: int, *, seed: int = 22, scale: float = 1.0, **fields: Any) -> bytes:
        random = np.random.default_rng(seed)
        inputs, answers = inputs_of(random, count), answers_of(random, count)
        inputs["image"] = (inputs["image"] * np.float32(scale)).astype(np.float32)
        lines = [
            captured(inputs, answers, slice(start, min(start + 10, count)), **fields).to_line()
            for start in range(0, count, 10)
        ]
        return gzip.compress("".join(lines).encode())

    return make


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Amazon Web Services with the buckets `models` and `captured`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "eu-west-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("models", "captured"):
            client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield client


@pytest.fixture
def events(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events that are published."""
    published: list[dict[str, Any]] = []
    make = boto3.client

    class Events:
        def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - the API's name
            published.extend({**entry, "Detail": json.loads(entry["Detail"])} for entry in Entries)
            return {"FailedEntryCount": 0, "Entries": [{}]}

    monkeypatch.setattr(boto3, "client", lambda name, *a, **k: Events() if name == "events" else make(name, *a, **k))
    return published
