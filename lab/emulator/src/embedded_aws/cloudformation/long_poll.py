"""Answers the CDK's command line as soon as an operation of a stack has ended.

It asks every five seconds whether a stack is still in progress, and sleeps in between. Here an operation takes a few
seconds, so that a third of a deployment would be that sleep.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ministack.services.cloudformation import handlers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_LONGEST_SECONDS = 10.0
_POLL_SECONDS = 0.05
_COMMAND_LINE_AGENT = "aws-cdk/"
"""Start of the name by which the CDK's command line introduces itself."""


def with_answer_at_the_end(handle: Callable[..., Awaitable[tuple[Any, ...]]]) -> Callable[..., Any]:
    """Holds back the answer to DescribeStacks while the stack is in progress, for some seconds at most."""

    async def handling(method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> tuple[Any, ...]:
        if _COMMAND_LINE_AGENT in headers.get("user-agent", ""):
            request = parse_qs(body.decode("utf-8", errors="replace"))
            if request.get("Action") == ["DescribeStacks"] and "StackName" in request:
                await _end_of_operation(request["StackName"][0])
        return await handle(method, path, headers, body, *rest)

    return handling


async def _end_of_operation(stack_name: str) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        status = (handlers._resolve_stack(stack_name) or {}).get("StackStatus", "")
        # A stack that only has a change set waits for a decision, not for an end.
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            return
        await asyncio.sleep(_POLL_SECONDS)
