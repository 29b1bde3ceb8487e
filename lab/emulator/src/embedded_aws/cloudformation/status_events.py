"""Tells EventBridge the status of stacks, as CloudFormation does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import eventbridge

if TYPE_CHECKING:
    from collections.abc import Callable

_STACK = "AWS::CloudFormation::Stack"


def telling(add: Callable[..., Any]) -> Callable[..., Any]:
    """Publishes an event for each status of a stack itself."""

    def add_event(stack_id: str, name: str, logical_id: str, kind: str, status: str, *rest: Any, **named: Any) -> Any:
        added = add(stack_id, name, logical_id, kind, status, *rest, **named)
        if kind == _STACK and logical_id == name:
            _publish(stack_id, status, str(rest[0]) if rest else str(named.get("reason", "")))
        return added

    return add_event


def _publish(stack_id: str, status: str, reason: str) -> None:
    detail = {
        "stack-id": stack_id,
        "status-details": {"status": status, "status-reason": reason},
        "client-request-token": "",
    }
    event = {
        "EventId": new_uuid(),
        "Source": "aws.cloudformation",
        "DetailType": "CloudFormation Stack Status Change",
        "Detail": json.dumps(detail),
        "EventBusName": "default",
        "Time": now_iso(),
        "Resources": [stack_id],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    eventbridge._dispatch_event(event)
