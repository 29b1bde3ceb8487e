"""Versions of before records had a mark of success: a stack keeps what it serves of them, and gets no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from published_models import BUCKET, PREFIX
from refused_models import REFUSED, job, key_of, properties

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from refused_models import Deployments, Properties

A, B = properties(job(1)), properties(job(2))


def unmark(s3: S3Client, of: Properties, version: int) -> None:
    """Take the mark from a record, as it was published before there were marks."""
    path = f"{PREFIX}/keys/{key_of(of)}/{version}.json"
    record = json.loads(s3.get_object(Bucket=BUCKET, Key=path)["Body"].read())
    del record["Status"]
    s3.put_object(Bucket=BUCKET, Key=path, Body=json.dumps(record).encode())


@pytest.mark.fault
def test_a_rollback_goes_back_to_a_version_without_the_mark(stack: Deployments, s3: S3Client) -> None:
    first = stack.deploy(A, 1)
    unmark(s3, A, 1)

    _, back = stack.deploy_and_roll_back(B, 2)

    assert back == first | {"Status": ""}


def test_a_deployment_builds_again_what_has_no_mark(stack: Deployments, s3: S3Client) -> None:
    stack.deploy(A, 1)
    unmark(s3, A, 1)
    stack.deploy(B, 2)

    assert stack.deploy(A, 3)["Version"] == "3"


def test_a_refusal_keeps_a_version_without_the_mark_that_the_stack_serves(stack: Deployments, s3: S3Client) -> None:
    first = stack.deploy(A, 1)
    unmark(s3, A, 1)

    kept = stack.deploy(B, REFUSED)

    assert kept["Version"] == first["Version"]
    assert stack.deploy(B | {"Note": "of something else"})["Version"] == first["Version"]
