"""The function's log: one line of JSON for each event, including CloudWatch's metrics.

CloudWatch extracts metrics from such a line (embedded metric format), so that a request needs no API call.
Names in PascalCase are metrics and dimensions.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import sys
from time import time

from . import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .description import ModelDescription

INFO, WARN, ERROR = "INFO", "WARN", "ERROR"
LATENCY, ERRORS, LOAD_TIME = "Latency", "Errors", "ModelLoadTime"
DROPPED = "DroppedCaptures"
DIMENSIONS = [
    # Dimensions for alarms: the same through all versions.
    ["FunctionName", "ModelName"],
    # Dimensions for comparing versions. A function version can have the same model with another hook.
    ["FunctionName", "FunctionVersion", "ModelName", "ModelVersion"],
]
MILLISECONDS, COUNT = "Milliseconds", "Count"


class Log:
    """Writes the log of one function.

    With a namespace every request writes a line; without it only the start and failures do.
    """

    __slots__ = ("_dropped", "_environment", "_loaded", "_metrics", "_request")

    def __init__(self, description: ModelDescription, environment: Mapping[str, str]) -> None:
        self._environment = environment
        namespace = environment.get("METRIC_NAMESPACE")
        self._metrics = bool(namespace)
        fixed = {
            # Set by Lambda. The default is for other processes, because CloudWatch accepts no empty value.
            "FunctionName": environment.get("AWS_LAMBDA_FUNCTION_NAME") or "local",
            "FunctionVersion": environment.get("AWS_LAMBDA_FUNCTION_VERSION") or "$LATEST",
            "ModelName": description.model,
            "ModelVersion": str(description.version),
        }
        self._loaded = _Template(fixed, namespace, {LOAD_TIME: MILLISECONDS})
        self._request = _Template(fixed, namespace, {LATENCY: MILLISECONDS, ERRORS: COUNT})
        self._dropped = _Template(fixed, namespace, {DROPPED: COUNT})

    def loaded(self, runtime: str, milliseconds: float) -> None:
        """Log that the model is ready."""
        _write(
            self._loaded.line(
                {"level": INFO, "message": "model loaded", "runtime": runtime, LOAD_TIME: round(milliseconds, 3)}
            )
        )

    def answered(self, request: str | None, status: int, problem: str | None, milliseconds: float) -> None:
        """Log how a request was answered; `problem` is the message for a rejected one."""
        failed = status >= 500
        if self._metrics or failed:
            level = ERROR if failed else INFO if problem is None else WARN
            record = {"level": level, "message": problem or "answered", "status": status, ERRORS: int(failed)}
            self._write_request(request, milliseconds, record)

    def failed(
        self, request: str | None, error: BaseException, milliseconds: float, *, status: int, answered: bool
    ) -> None:
        """Log why the function failed. The traceback appears in this log only.

        Args:
            request: Lambda's ID of the request.
            error: The exception.
            milliseconds: Duration since the request arrived.
            status: Status over HTTP.
            answered: The caller gets this status, which Lambda does not count as an error; errors that it counts are
            not counted here.
        """
        from traceback import format_exception

        message = f"{type(error).__name__}: {error}"
        record = {"level": ERROR, "message": message, "status": status, ERRORS: int(answered)}
        self._write_request(request, milliseconds, {**record, "traceback": "".join(format_exception(error))})

    def captured(self, line: str) -> None:
        """Log a captured request."""
        _write(f"{line}\n")

    def dropped(self, request: str | None, why: str) -> None:
        """Log that a request of the sample could not be captured."""
        _write(self._dropped.line({"level": WARN, "message": why, "requestId": request, DROPPED: 1}))

    def _write_request(self, request: str | None, milliseconds: float, record: dict[str, Any]) -> None:
        record["requestId"] = request
        record[LATENCY] = round(milliseconds, 3)
        trace = self._environment.get("_X_AMZN_TRACE_ID")
        if trace:  # Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
            record["traceId"] = trace.partition(";")[0].removeprefix("Root=")
        _write(self._request.line(record))


class _Template:
    """The common part of all lines of a kind, encoded once."""

    __slots__ = ("_after", "_before")

    def __init__(self, fixed: dict[str, str], namespace: str | None, metrics: dict[str, str]) -> None:
        self._before, self._after = "", json_text.dumps(fixed)[:-1] + ","
        if namespace:
            definitions = [{"Name": name, "Unit": unit} for name, unit in metrics.items()]
            directive = {"Namespace": namespace, "Dimensions": DIMENSIONS, "Metrics": definitions}
            self._before = '{"_aws":{"Timestamp":'
            self._after = f',"CloudWatchMetrics":{json_text.dumps([directive])}}},{self._after[1:]}'

    def line(self, record: dict[str, Any]) -> str:
        """Return the line of a record, which has at least one member."""
        timestamp = str(int(time() * 1000)) if self._before else ""
        return f"{self._before}{timestamp}{self._after}{json_text.dumps(record)[1:]}\n"


def _write(line: str) -> None:
    # Lambda sends standard output to the log group. Write in one piece, so that lines of an extension do not split it.
    sys.stdout.write(line)
    sys.stdout.flush()
