"""Checks the answers of a published function version before callers use it."""

from __future__ import annotations

import json
import time
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from cdk_tensorflow_shared.golden_answers import GoldenAnswers

from .. import aws
from ..errors import BusyAccountError, ModelError
from .checked_version import CheckedVersion
from .golden_requests import Golden, read_golden
from .replay import Replay, replay_captures

if TYPE_CHECKING:
    from collections.abc import Container

#: Client with a timeout shorter than the handler's five minutes, so that it can still report the result.
_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=200)
_THROTTLED = "TooManyRequestsException"
#: Errors to retry: a policy takes seconds to become effective, a version or its snapshot to become ready, and a busy
#: account to have concurrency.
_NOT_YET = {
    "AccessDeniedException",
    "ResourceConflictException",
    "ResourceNotFoundException",
    "ResourceNotReadyException",
    "SnapStartNotReadyException",
    _THROTTLED,
}
_REFUSED = 400
#: Maximum time of a replay: the handler needs time left for other signatures, and to report the result.
_LONGEST_REPLAY_SECONDS = 60
#: Versions that answered the golden requests: they are not sent again while the account has no room for captured ones.
_answered: set[str] = set()


@cache
def functions() -> Any:
    """Return the client for Lambda."""
    return boto3.client("lambda", config=_CONFIG)


def check_version(properties: dict[str, Any]) -> None:
    """Fail with one sentence if a function version does not answer like the published model.

    Args:
        properties: FunctionVersion, an ARN; ModelName; Bucket, GoldenKey and GoldenSha256 of the golden requests,
            empty if there are none; Hooked, "true" if a hook handles predict requests; EventBucket and EventKey of the
            hook's event as JSON, empty if there is none; Replay, what captured requests are replayed, absent if none
            are, with
            CaptureBucket, ModelVersion and, of a delivered model, Serve; Endpoint, "service" or "fleet", whose new
            version the function answers with, absent if the function serves itself.
    """
    version = CheckedVersion.of(properties)
    _, metadata = _answer(version, _request("GET", f"{version.path}/metadata"))
    if properties["Hooked"] == "true":
        _ask_hook(version, properties["EventBucket"], properties["EventKey"])
        return
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    replay = Replay.of(properties)
    if replay is None or version.arn not in _answered:
        _send_golden(version, properties, signatures)
    if replay is not None:
        _answered.add(version.arn)

        def ask(body: dict[str, Any]) -> tuple[int, Any]:
            request = _request("POST", f"{version.path}:predict", json.dumps(body))
            return _answer(version, request, allowed=range(400, 600))

        replay_captures(replay, version, properties, signatures, ask)


def _send_golden(version: CheckedVersion, properties: dict[str, Any], signatures: dict[str, Any]) -> None:
    bucket, key, sha256 = (properties[name] for name in ("Bucket", "GoldenKey", "GoldenSha256"))
    golden = aws.patiently(lambda: read_golden(bucket, key, sha256)) if key else None
    if golden:
        if golden.signature not in signatures:
            raise version.refusal(f"has no signature {golden.signature!r}, which its golden requests name")
        _replay(version, golden, list(signatures[golden.signature]["outputs"]))
    else:
        print(
            "the model was published without golden requests (rows too large, or answers that depend on earlier "
            "requests): zeros are sent instead"
        )
    for name, signature in signatures.items():
        if golden and name == golden.signature:
            continue
        inputs = {key: _zeros(tensor) for key, tensor in signature["inputs"].items()}
        body = json.dumps({"signature_name": name, "inputs": inputs})
        # Some models cannot compute zeros. A rejection proves that the model has run.
        status, _ = _answer(version, _request("POST", f"{version.path}:predict", body), allowed=(_REFUSED,))
        print(f"{version.arn} answered zeros at the signature {name!r} with {status}")


def goes_back(event: dict[str, Any]) -> bool:
    """Tell whether an update returns to an earlier version of the same function, as a rollback does.

    That version was checked before callers, pods or instances got it. A failed check now, e.g. because the account is
    busy, would leave the stack unable to go forward or back.
    """
    function, _, new = event["ResourceProperties"]["FunctionVersion"].rpartition(":")
    before, _, old = event.get("OldResourceProperties", {}).get("FunctionVersion", "").rpartition(":")
    if event["RequestType"] != "Update" or function != before or not (new.isdecimal() and old.isdecimal()):
        return False
    return int(new) < int(old)


def serves_already(event: dict[str, Any]) -> bool:
    """Tell whether an update changes only what the delivery says to serve, and so names the version that serves."""
    old, new = event.get("OldResourceProperties", {}), event["ResourceProperties"]
    is_changed = old.get("Serve") != new.get("Serve")
    return event["RequestType"] == "Update" and is_changed and {**old, "Serve": ""} == {**new, "Serve": ""}


def _ask_hook(version: CheckedVersion, bucket: str, key: str) -> None:
    """Send the hook's own event: golden requests are in the model's format."""
    if not key:
        print("the hook has no checkEventFile: that the function has started is all that is checked")
        return

    def event() -> bytes:
        return aws.s3().get_object(Bucket=bucket, Key=key)["Body"].read()

    status, _ = _answer(version, json.loads(aws.patiently(event)))
    print(f"{version.arn} answered the hook's own event with {status}")


def _replay(version: CheckedVersion, golden: Golden, output_names: list[str]) -> None:
    expected = GoldenAnswers([request["response"] for request in golden.requests], golden.tolerance, output_names)
    count, started = len(golden.requests), time.monotonic()
    for number, request in enumerate(golden.requests, start=1):
        _, answer = _answer(version, _request("POST", f"{version.path}:predict", json.dumps(request["request"])))
        difference = expected.difference(number - 1, answer)
        if difference:
            raise version.refusal(
                f"answers golden request {number} of {count} differently from the published model: {difference}"
            )
        if time.monotonic() - started > _LONGEST_REPLAY_SECONDS and number < count:
            print(f"{version.arn} answered {number} of {count} golden requests as expected; there is no time for more")
            return
    print(f"{version.arn} answered {count} golden requests as expected")


def _answer(version: CheckedVersion, event: dict[str, Any], allowed: Container[int] = ()) -> tuple[int, Any]:
    payload = _invoke(version, event)
    if "requestContext" not in event:
        # A direct invocation returns a rejection as a normal result; a failure of the function is a FunctionError.
        if isinstance(payload, dict) and set(payload) == {"error"}:
            raise _silent(version, str(payload["error"]))
        return 200, payload
    body = json.loads(payload["body"])
    if payload["statusCode"] != 200 and payload["statusCode"] not in allowed:
        raise _silent(version, f"{payload['statusCode']}, {body.get('error')}")
    return payload["statusCode"], body


def _invoke(version: CheckedVersion, event: dict[str, Any]) -> Any:
    try:
        response = aws.patiently(
            lambda: functions().invoke(FunctionName=version.arn, Payload=json.dumps(event)), passes=_may_pass
        )
    except ClientError as error:
        if aws.code_of(error) == _THROTTLED:
            raise BusyAccountError(version.without_room(aws.sentence_of(error))) from error
        raise
    payload = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise _silent(version, f"{payload.get('errorType')}: {payload.get('errorMessage')}")
    return payload


def _may_pass(error: Exception) -> bool:
    return aws.is_transient(error) or (isinstance(error, ClientError) and aws.code_of(error) in _NOT_YET)


def _silent(version: CheckedVersion, reason: str) -> ModelError:
    return version.refusal(f"does not answer ({reason[:1000]})")


def _request(method: str, path: str, body: str | None = None) -> dict[str, Any]:
    # Mark the request as a check, which the handler neither captures nor counts (`is_check`).
    context = {"http": {"method": method}, "versionCheck": True}
    return {"requestContext": context, "rawPath": path, "body": body, "isBase64Encoded": False}


def _zeros(tensor: dict[str, Any]) -> Any:
    """Return zeros in a tensor's shape, with one row if the batch is open."""
    shape = [max(int(dimension["size"]), 1) for dimension in tensor["tensor_shape"]["dim"]]
    level: list[Any] = [False if tensor["dtype"] == "DT_BOOL" else 0] * prod(shape)
    for size in reversed(shape):
        level = [level[start : start + size] for start in range(0, len(level), size)]
    return level[0]
