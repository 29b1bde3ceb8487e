"""AWS clients, and the meaning of their errors."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's name

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_codebuild import CodeBuildClient
    from mypy_boto3_s3 import S3Client

Result = TypeVar("Result")

_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=5, read_timeout=30)

#: Time to try again while a new role or policy becomes effective everywhere.
_PATIENCE_SECONDS = 60
_POLL_SECONDS = 5

#: Errors after which the request may have arrived or not.
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


@cache
def cloudformation() -> Any:
    """Return the client for CloudFormation."""
    return boto3.client("cloudformation", config=_CONFIG)


@cache
def events() -> Any:
    """Return the client for EventBridge."""
    return boto3.client("events", config=_CONFIG)


@cache
def ssm() -> Any:
    """Return the client for Systems Manager."""
    return boto3.client("ssm", config=_CONFIG)


@cache
def kms(region: str) -> Any:
    """Return the client for KMS in a Region."""
    return boto3.client("kms", config=_CONFIG, region_name=region)


def code_of(error: ClientError) -> str:
    """Return an error's code, or the HTTP status if the response had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def sentence_of(error: ClientError) -> str:
    """Return AWS's message, without botocore's text around it."""
    return f"{code_of(error)}: {error.response.get('Error', {}).get('Message', 'no message')}"


def words_of(error: Exception) -> str:
    """Return AWS's message, or why no request was possible."""
    return sentence_of(error) if isinstance(error, ClientError) else str(error)


def is_denied(error: ClientError) -> bool:
    """Tell whether AWS denied the request, perhaps because the role is new."""
    return code_of(error) in {"AccessDenied", "AccessDeniedException", "403"}


def is_transient(error: Exception) -> bool:
    """Tell whether the same request may succeed later."""
    if isinstance(error, NO_ANSWER):
        return True
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code_of(error) in _THROTTLED or status == 429 or status >= 500


def may_pass(error: Exception) -> bool:
    """Tell whether S3 may answer differently in a minute: new policies of role and key take a while."""
    return is_transient(error) or (isinstance(error, ClientError) and is_denied(error))


def patiently(work: Callable[[], Result], passes: Callable[[Exception], bool] = may_pass) -> Result:
    """Call an idempotent function, and retry errors that may pass for a minute."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return work()
        except (ClientError, *NO_ANSWER) as error:
            if not passes(error) or time.monotonic() >= deadline:
                raise
            time.sleep(_POLL_SECONDS)
