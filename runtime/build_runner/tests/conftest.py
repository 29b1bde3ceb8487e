from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber
from moto import mock_aws

sys.path[:0] = [str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]

from kms_keys import Kms
from model_builds import aws
from model_builds.builds import start as builds
from pruned_models import Pruning
from published_models import BUCKET
from refused_models import Deployments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield  # the handlers keep their clients, as they do between invocations: making one takes longer than a test


@pytest.fixture
def s3() -> S3Client:
    client = aws.s3()
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def codebuild() -> Iterator[Stubber]:
    """CodeBuild's answers, which the service's own model checks in both directions. Nothing else may be asked."""
    with Stubber(aws.codebuild()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def cloudformation() -> Iterator[Stubber]:
    with Stubber(aws.cloudformation()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def answer_status(cloudformation: Stubber, status: str) -> None:
    stack = {"StackName": "App", "CreationTime": datetime(2026, 11, 26, tzinfo=UTC), "StackStatus": status}
    cloudformation.add_response("describe_stacks", {"Stacks": [stack]})


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Kms:
    """The keys of KMS, with real cryptography."""
    kms = Kms()
    monkeypatch.setattr(aws, "kms", lambda _region: kms)
    return kms


@pytest.fixture
def key(kms: Kms) -> str:
    return kms.create()


class Clock:
    """The time that the handlers see."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for name in ("time", "monotonic", "sleep"):
        monkeypatch.setattr(builds.time, name, getattr(clock, name))
    return clock


@pytest.fixture
def stack(s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Deployments:
    return Deployments(s3, monkeypatch)


@pytest.fixture
def pruning(stack: Deployments, s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Pruning:
    return Pruning(stack, s3, clock, monkeypatch)
