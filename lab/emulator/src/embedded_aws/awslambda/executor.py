"""Runs an invocation: takes MiniStack's record of a function, gives MiniStack's form of a result."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.archive import ArchiveError
from embedded_aws.awslambda.code import UnsupportedRuntimeError
from embedded_aws.awslambda.custom_runtime import EntrypointError
from embedded_aws.awslambda.packages import NoBuildError
from embedded_aws.awslambda.worker import Outcome
from embedded_aws.host.tools import InstallError

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.awslambda.pool import Pool

PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of a synchronous request or response."""

_log = logging.getLogger("embedded_aws.awslambda")
_REFUSALS = (ArchiveError, UnsupportedRuntimeError, NoBuildError, InstallError)


class Executor:
    """Runs functions in the pool's workers.

    Attributes:
        peaks: the most memory that each function has used, in mebibytes, by its ARN.
    """

    def __init__(self, pool: Pool, layer_archive: Callable[[Any], bytes | None]) -> None:
        self._pool = pool
        self._layer_archive = layer_archive
        self.peaks: dict[str, int] = {}

    def execute(self, function: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Runs one invocation.

        Args:
            function: MiniStack's record: the configuration of one version, and its code.
            event: the payload.
            request_id: of the invocation.

        Returns:
            `body` and `log`, `error` when the function failed, and `duration_ms` when its handler ran.
        """
        config = function.get("config") or function
        arn = config["FunctionArn"]
        code = function.get("code_zip")
        if not code:
            return _failure("Runtime.InvalidEntrypoint", f"{config['FunctionName']} has no code")
        layers = [archive for layer in config.get("Layers") or [] if (archive := self._layer_archive(layer))]
        # An alias or a number in the ARN that was invoked is the caller's; the worker belongs to the version.
        try:
            outcome = self._run(config, code, layers, event, request_id)
        except EntrypointError as error:
            return _failure("Runtime.InvalidEntrypoint", f"RequestId: {request_id} {error}")
        except _REFUSALS as error:
            _log.error("%s: %s", config["FunctionName"], error)
            return _failure("Runtime.Unsupported", str(error))
        self.peaks[arn] = max(self.peaks.get(arn, 0), outcome.peak_mebibytes)
        if not outcome.failed and len(json.dumps(outcome.payload).encode()) > PAYLOAD_LIMIT:
            message = f"Response payload size exceeded maximum allowed payload size ({PAYLOAD_LIMIT} bytes)."
            return _failure("Function.ResponseSizeTooLarge", message, outcome.log)
        result = {"body": outcome.payload, "log": outcome.log}
        if outcome.milliseconds is not None:
            result["duration_ms"] = outcome.milliseconds
        return {**result, "error": True} if outcome.failed else result

    def provision(self, function: dict[str, Any], count: int) -> str | None:
        """Starts environments of a version ahead of its invocations.

        Args:
            function: MiniStack's record of the version.
            count: how many.

        Returns:
            None when all are ready, else why not.
        """
        config, code = function["config"], function.get("code_zip") or b""
        layers = [archive for layer in config.get("Layers") or [] if (archive := self._layer_archive(layer))]
        try:
            failure = self._pool.provision(config, code, layers, count)
        except (*_REFUSALS, EntrypointError, RuntimeError) as error:
            return str(error)
        return str(failure.payload) if failure else None

    def _run(self, config: dict[str, Any], code: bytes, layers: list[bytes], event: Any, request_id: str) -> Outcome:
        timeout = float(config.get("Timeout", 3))
        context = {
            "request_id": request_id,
            "invoked_function_arn": config["FunctionArn"],
            "timeout_ms": int(timeout * 1000),
        }
        with contextlib.ExitStack() as stack:
            worker = stack.enter_context(self._pool.lease(config, code, layers))
            if isinstance(worker, Outcome):
                return worker
            started = time.monotonic()  # on AWS, too, a duration has no initialization in it
            outcome = worker.invoke(event, context, timeout, int(config.get("MemorySize", 128)))
            if not outcome.reusable:
                worker.stop()
            return replace(outcome, milliseconds=(time.monotonic() - started) * 1000)


def _failure(kind: str, message: str, log: str = "") -> dict[str, Any]:
    return {"body": {"errorType": kind, "errorMessage": message}, "error": True, "log": f"{log}\n{message}".strip()}
