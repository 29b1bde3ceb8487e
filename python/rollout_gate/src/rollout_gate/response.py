"""Answers CloudFormation."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

_ATTEMPTS = 4


def respond(event: dict[str, Any], physical_id: str, *, reason: str = "", data: dict[str, str] | None = None) -> None:
    """Send the answer to an event; a failure where there is a reason for one."""
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason or "the new pods are available",
        "PhysicalResourceId": physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": data or {},
    }
    body = json.dumps(answer).encode()
    # The address is signed for a request without a content type.
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")  # noqa: S310
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - CloudFormation's address
                return
        except OSError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(2**attempt)
