"""The reason why the last update of a stack was rolled back.

A state of the state machine cannot find out: its answer may have 256 KiB, and a hundred events of a stack have more.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

#: EventBridge accepts 256 KiB for an event, and Step Functions for what it passes on. A reason of CloudFormation's has
#: 4 KiB at most.
_LONGEST = 4_000
_FAILED = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
_CANCELLED = re.compile(r"Resource (creation|update|deletion) cancelled", re.IGNORECASE)


@cache
def cloudformation() -> Any:
    """Return the client for CloudFormation."""
    return boto3.client("cloudformation", config=Config(retries={"mode": "standard", "total_max_attempts": 5}))


def find_reason(event: dict[str, Any], _context: Any) -> dict[str, str]:
    """Return the resource that failed first in a stack's last update, and what it said.

    The custom resource of a refused model says the gate's sentence and the table of candidates.
    """
    stack = str(event["stackName"])
    first: dict[str, Any] | None = None
    for entry in _last_update(stack):  # the newest first
        if entry["ResourceStatus"] in _FAILED and not _is_consequence(entry):
            first = entry
    if first is None:
        return {"reason": f"the update of the stack {stack} was rolled back, and its events do not say why"}
    said = str(first.get("ResourceStatusReason") or "it gave no reason")
    reason = f"{first['LogicalResourceId']} ({first['ResourceType']}) failed: {said}"
    return {"reason": reason if len(reason) <= _LONGEST else f"{reason[: _LONGEST - 1]}…"}


def _last_update(stack: str) -> Iterator[dict[str, Any]]:
    """Yield the events since the stack's last update began."""
    pages = cloudformation().get_paginator("describe_stack_events").paginate(StackName=stack)
    for page in pages:
        for event in page["StackEvents"]:
            if (
                event["ResourceType"] == "AWS::CloudFormation::Stack"
                and event["PhysicalResourceId"] == event["StackId"]
            ):
                if event["ResourceStatus"] == "UPDATE_IN_PROGRESS":
                    return
                continue
            yield event


def _is_consequence(event: dict[str, Any]) -> bool:
    """Tell whether a resource failed only because another one had failed before."""
    return _CANCELLED.match(str(event.get("ResourceStatusReason") or "")) is not None
