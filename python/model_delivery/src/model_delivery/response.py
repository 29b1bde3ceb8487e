"""Answers CloudFormation."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

_ATTEMPTS = 4
#: CloudFormation accepts an answer of 4,096 bytes, including the IDs.
_REASON_CHARACTERS = 500


def respond(event: dict[str, Any], physical_id: str, *, reason: str = "") -> None:
    """Send the answer to an event; a failure if there is a reason for one."""
    answer = {
        "Status": "FAILED" if reason else "SUCCESS",
        "Reason": reason[:_REASON_CHARACTERS],
        "PhysicalResourceId": physical_id,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
    }
    # The address is signed for a request without a content type.
    request = urllib.request.Request(  # noqa: S310 - CloudFormation's address
        event["ResponseURL"], json.dumps(answer).encode(), {"Content-Type": ""}, method="PUT"
    )
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                return
        except OSError:
            if attempt == _ATTEMPTS:
                raise
            time.sleep(2**attempt)
