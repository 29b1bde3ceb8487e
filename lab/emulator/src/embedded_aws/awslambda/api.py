"""Lambda's API: the calls that MiniStack answers unlike AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json

from embedded_aws.awslambda.executor import PAYLOAD_LIMIT, Executor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LAYER_LIMIT = 5
"""Layers that a function may have."""


def nothing_to_reap() -> None:
    """MiniStack's own workers are never started."""


def peak_of(executor: Executor) -> Callable[[dict[str, Any]], int]:
    """Reports the most memory that a function has used, in mebibytes."""

    def peak(function: dict[str, Any]) -> int:
        config = function.get("config") or function
        return executor.peaks.get(config["FunctionArn"], 0)

    return peak


def activate_snapstart(_name: str, version: dict[str, Any]) -> None:
    """SnapStart is a record: the version is active at once, and its first invocation is an ordinary cold start."""
    version["config"].update(State="Active", StateReason="", StateReasonCode="", LastUpdateStatus="Successful")


def with_layer_limit(original: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], tuple[Any, Any]]:
    """Refuses more layers than Lambda takes."""

    def normalize(layers: list[Any] | None) -> tuple[Any, Any]:
        if layers and len(layers) > LAYER_LIMIT:
            message = f"Cannot reference more than {LAYER_LIMIT} layers, got {len(layers)}."
            return None, error_response_json("InvalidParameterValueException", message, 400)
        return original(layers)

    return normalize


def with_request_limit(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Refuses payloads that are too large for Invoke."""

    async def invoke(name: str, event: Any, *rest: Any, **named: Any) -> Any:
        size = len(json.dumps(event).encode())
        if size > PAYLOAD_LIMIT:
            message = f"{size} byte payload is too large for the invocation (limit {PAYLOAD_LIMIT} bytes)"
            return error_response_json("RequestTooLargeException", message, 413)
        return await original(name, event, *rest, **named)

    return invoke


def with_url_request_limit(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Refuses payloads that are too large for a function URL."""

    async def handle(
        url_id: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any, **named: Any
    ) -> Any:
        if len(body) > PAYLOAD_LIMIT:
            return 413, {"Content-Type": "application/json"}, b'{"Message":"Request Entity Too Large"}'
        return await original(url_id, method, path, headers, body, *rest, **named)

    return handle
