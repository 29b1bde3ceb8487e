"""Holds custom resources to the limit of CloudFormation's response."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RESPONSE_LIMIT = 4096
"""Bytes that a custom resource may answer."""

RESPONSE_PATH = "/_ministack/cfn-response/"

_size: ContextVar[list[int] | None] = ContextVar("response_size", default=None)

Scope = dict[str, Any]
Receive = "Callable[[], Awaitable[dict[str, Any]]]"


def measured(scope: Scope, receive: Callable[[], Awaitable[dict[str, Any]]]) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Counts the bytes of a response, before MiniStack parses and forgets them."""
    if scope["type"] != "http" or not scope["path"].startswith(RESPONSE_PATH):
        return receive
    size = [0]
    _size.set(size)

    async def counting() -> dict[str, Any]:
        message = await receive()
        size[0] += len(message.get("body") or b"")
        return message

    return counting


def with_limit(original: Callable[[str, dict[str, Any]], bool]) -> Callable[[str, dict[str, Any]], bool]:
    """Fails a response over the limit, with AWS's words."""

    def deliver(token: str, response: dict[str, Any]) -> bool:
        size = _size.get()
        if size and size[0] > RESPONSE_LIMIT:
            response = {
                "Status": "FAILED",
                "Reason": "Response object is too long.",
                "PhysicalResourceId": response.get("PhysicalResourceId"),
            }
        return original(token, response)

    return deliver
