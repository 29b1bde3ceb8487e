"""Keeps a stack's execution role, which CloudFormation returns in its description and uses for later updates.

See https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import handlers

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]

_NAMING = ("CreateStack", "CreateChangeSet", "UpdateStack")
_STACK_ID = re.compile(r"<StackId>([^<]+)</StackId>")
_KEY = "RoleARN"


def with_execution_roles(table: dict[str, Handler]) -> dict[str, Handler]:
    """Let some handlers of CloudFormation take a role, and one return it."""
    # The dictionary itself: other modules of MiniStack hold it.
    for action in _NAMING:
        table[action] = _remembering(table[action])
    table["DescribeStacks"] = _describing(table["DescribeStacks"])
    return table


def _remembering(handler: Handler) -> Handler:
    def handle(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        answer = handler(params)
        stack, role = handlers._resolve_stack(handlers._p(params, "StackName")), handlers._p(params, _KEY)
        if stack is not None and role and answer[0] == 200:
            stack[_KEY] = role
        return answer

    return handle


def _describing(handler: Handler) -> Handler:
    def with_role(found: re.Match[str]) -> str:
        stack = handlers._resolve_stack(found[1])
        role = None if stack is None else stack.get(_KEY)
        return f"{found[0]}<RoleARN>{role}</RoleARN>" if role else found[0]

    def handle(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = handler(params)
        return status, headers, _STACK_ID.sub(with_role, body.decode()).encode()

    return handle
