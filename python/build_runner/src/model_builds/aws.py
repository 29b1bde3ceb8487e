"""The clients, and what their errors mean."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's name

if TYPE_CHECKING:
    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)

#: The request may not have arrived.
NO_ANSWER = (HTTPClientError, ConnectionError)

_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
    "RequestTimeout",
}


@cache
def s3() -> S3Client:
    """Return the client for S3."""
    return boto3.client("s3", config=_CONFIG)


@cache
def codebuild() -> CodeBuildClient:
    """Return the client for CodeBuild."""
    return boto3.client("codebuild", config=_CONFIG)


@cache
def logs() -> Any:
    """Return the client for CloudWatch Logs."""
    return boto3.client("logs", config=_CONFIG)


def code_of(error: ClientError) -> str:
    """Return an error's code, or the HTTP status where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def sentence_of(error: ClientError) -> str:
    """Return what AWS said, without botocore's frame around it."""
    return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', 'no message')}"


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may succeed later."""
    if isinstance(error, NO_ANSWER):
        return True
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _THROTTLED or status == 429 or status >= 500
