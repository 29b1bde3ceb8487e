"""The function's log: one line of JSON for each thing that happens, with CloudWatch's metrics in it.

CloudWatch makes metrics of such a line by itself (embedded metric format), so that a request costs no call of its API.
Names in PascalCase are what CloudWatch sees as metrics and dimensions.

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
DIMENSIONS = [
    # What alarms watch: the same through all versions.
    ["FunctionName", "ModelName"],
    # What compares versions. A version of the function can hold the same model with another hook.
    ["FunctionName", "FunctionVersion", "ModelName", "ModelVersion"],
]
MILLISECONDS, COUNT = "Milliseconds", "Count"


class Log:
    """Writes the lines of one function.

    With a namespace every request writes one, without it only the start and failures do.
    """

    __slots__ = ("_environment", "_loaded", "_metrics", "_request")

    def __init__(self, description: ModelDescription, environment: Mapping[str, str]) -> None:
        self._environment = environment
        namespace = environment.get("METRIC_NAMESPACE")
        self._metrics = bool(namespace)
        fixed = {
            # Set by Lambda. The default is for a process that is not one of Lambda's: CloudWatch takes no empty value.
            "FunctionName": environment.get("AWS_LAMBDA_FUNCTION_NAME") or "local",
            "FunctionVersion": environment.get("AWS_LAMBDA_FUNCTION_VERSION") or "$LATEST",
            "ModelName": description.model,
            "ModelVersion": str(description.version),
        }
        self._loaded = _Template(fixed, namespace, {LOAD_TIME: MILLISECONDS})
        self._request = _Template(fixed, namespace, {LATENCY: MILLISECONDS, ERRORS: COUNT})

    def loaded(self, runtime: str, milliseconds: float) -> None:
        """Say that the model is ready."""
        _write(
            self._loaded.line(
                {"level": INFO, "message": "model loaded", "runtime": runtime, LOAD_TIME: round(milliseconds, 3)}
            )
        )

    def answered(self, request: str | None, status: int, problem: str | None, milliseconds: float) -> None:
        """Say how a request was answered: `problem` is what the client was told when it was refused."""
        failed = status >= 500
        if self._metrics or failed:
            level = ERROR if failed else INFO if problem is None else WARN
            record = {"level": level, "message": problem or "answered", "status": status, ERRORS: int(failed)}
            self._write_request(request, milliseconds, record)

    def failed(self, request: str | None, error: BaseException, milliseconds: float, *, answered: bool) -> None:
        """Say why the function failed. The traceback is for this log only.

        Args:
            request: Lambda's id of the request.
            error: What was raised.
            milliseconds: From the request's arrival to here.
            answered: The caller gets a 500, which is no error to Lambda: one that Lambda counts is not counted again.
        """
        from traceback import format_exception

        record = {"level": ERROR, "message": f"{type(error).__name__}: {error}", "status": 500, ERRORS: int(answered)}
        self._write_request(request, milliseconds, {**record, "traceback": "".join(format_exception(error))})

    def _write_request(self, request: str | None, milliseconds: float, record: dict[str, Any]) -> None:
        record["requestId"] = request
        record[LATENCY] = round(milliseconds, 3)
        trace = self._environment.get("_X_AMZN_TRACE_ID")
        if trace:  # Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
            record["traceId"] = trace.partition(";")[0].removeprefix("Root=")
        _write(self._request.line(record))


class _Template:
    """What all lines of a kind have in common, encoded once."""

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
    # Lambda ships standard output to the log group. In one piece: lines of an extension must not end up within.
    sys.stdout.write(line)
    sys.stdout.flush()
