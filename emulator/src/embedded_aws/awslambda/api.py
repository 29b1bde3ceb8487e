"""Puts our functions in the place of MiniStack's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import lambda_runtime
from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from embedded_aws.awslambda import versions
from embedded_aws.awslambda.archive import UNZIPPED_LIMIT
from embedded_aws.awslambda.code import Layouts
from embedded_aws.awslambda.executor import PAYLOAD_LIMIT, Executor
from embedded_aws.awslambda.pool import Pool
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embedded_aws.settings import Settings

LAYER_LIMIT = 5
"""Layers that a function may have."""


def install(settings: Settings) -> Pool:
    """Makes Lambda run functions in sandboxes, and hold the limits that AWS holds.

    Args:
        settings: the running embedded AWS.

    Returns:
        The pool, to be closed at the end.
    """
    # Node.js functions keep MiniStack's bootstrap; without this line it outlives an embedded AWS that was killed.
    node_bootstrap = f'{lambda_runtime._NODEJS_WORKER_SCRIPT}\nrl.on("close", () => process.exit(0));\n'
    pool = Pool(settings, Layouts(settings), node_bootstrap)
    executor = Executor(pool, lambda_svc._resolve_layer_zip)

    def retire(name: str, qualifier: str | None = None, account: str | None = None, region: str | None = None) -> None:
        pool.retire(name, qualifier, account, region)

    rely_on(lambda_runtime, "_NODEJS_WORKER_SCRIPT")
    rely_on(lambda_svc, "_resolve_layer_zip")
    for executed in ("_execute_function_warm", "_execute_function_provided", "_execute_function_provided_warm"):
        replace(lambda_svc, executed, lambda _: executor.execute)
    replace(lambda_svc, "invalidate_worker", lambda _: retire)
    replace(lambda_svc, "_ensure_reaper_thread", lambda _: _nothing_to_reap)
    replace(lambda_svc, "_probe_peak_memory_mb", lambda _: _peak_of(executor))
    replace(lambda_svc, "_snapstart_provision_version_async", lambda _: _activate_snapstart)
    replace(lambda_svc, "_normalize_layer_attachments", _with_layer_limit)
    replace(lambda_svc, "_UNZIPPED_LIMIT_BYTES", lambda _: UNZIPPED_LIMIT)
    replace(lambda_svc, "_invoke", _with_request_limit)
    replace(lambda_svc, "handle_function_url_request", _with_url_request_limit)
    versions.install()
    return pool


def _nothing_to_reap() -> None:
    """MiniStack's own workers are never started."""


def _peak_of(executor: Executor) -> Callable[[dict[str, Any]], int]:
    def peak(function: dict[str, Any]) -> int:
        config = function.get("config") or function
        return executor.peaks.get(config["FunctionArn"], 0)

    return peak


def _activate_snapstart(_name: str, version: dict[str, Any]) -> None:
    """SnapStart is a record: the version is active at once, and its first invocation is an ordinary cold start."""
    version["config"].update(State="Active", StateReason="", StateReasonCode="", LastUpdateStatus="Successful")


def _with_layer_limit(original: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], tuple[Any, Any]]:
    def normalize(layers: list[Any] | None) -> tuple[Any, Any]:
        if layers and len(layers) > LAYER_LIMIT:
            message = f"Cannot reference more than {LAYER_LIMIT} layers, got {len(layers)}."
            return None, error_response_json("InvalidParameterValueException", message, 400)
        return original(layers)

    return normalize


def _with_request_limit(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def invoke(name: str, event: Any, *rest: Any, **named: Any) -> Any:
        size = len(json.dumps(event).encode())
        if size > PAYLOAD_LIMIT:
            message = f"{size} byte payload is too large for the invocation (limit {PAYLOAD_LIMIT} bytes)"
            return error_response_json("RequestTooLargeException", message, 413)
        return await original(name, event, *rest, **named)

    return invoke


def _with_url_request_limit(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle(
        url_id: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any, **named: Any
    ) -> Any:
        if len(body) > PAYLOAD_LIMIT:
            return 413, {"Content-Type": "application/json"}, b'{"Message":"Request Entity Too Large"}'
        return await original(url_id, method, path, headers, body, *rest, **named)

    return handle
