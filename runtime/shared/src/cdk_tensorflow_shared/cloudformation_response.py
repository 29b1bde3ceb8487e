"""Answers CloudFormation, for a custom resource without the CDK's provider framework."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

_ATTEMPTS = 4
#: Maximum bytes of a reason: CloudFormation accepts 4,096 for the whole answer, including the IDs.
_REASON_BYTES = 3_000


def respond(event: dict[str, Any], physical_id: str, *, reason: str = "") -> None:
    """Send the answer to an event; a failure if there is a reason for one."""
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": _shorten(reason),
        "PhysicalResourceId": physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    body = _encode(answer)
    # The address is signed for a request without a content type.
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")  # noqa: S310 - CloudFormation's URL
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - CloudFormation's address
                return
        except OSError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(2**attempt)


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


def _shorten(reason: str) -> str:
    """Cut a reason that is too long as JSON, where a control character takes six bytes."""
    while len(_encode(reason)) > _REASON_BYTES:
        reason = reason[: len(reason) * 9 // 10]
    return reason
