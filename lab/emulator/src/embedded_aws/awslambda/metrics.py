"""The metrics that Lambda publishes of each invocation.

See https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudwatch

NAMESPACE = "AWS/Lambda"


def publish(config: dict[str, Any], version: str | None, result: dict[str, Any], milliseconds: float) -> None:
    """Counts an invocation under each set of dimensions.

    Args:
        config: of the function, with the ARN that was invoked.
        version: which answered, where an alias with weights was invoked; AWS tells versions apart then only.
        result: of the execution, as MiniStack has it.
        milliseconds: that the handler took.
    """
    name, invoked = config["FunctionName"], config["FunctionArn"].split(":")[7:]
    by_resource = {"FunctionName": name, "Resource": ":".join([name, *invoked])}
    sets: list[dict[str, str]] = [{}, {"FunctionName": name}, by_resource]
    if version:
        sets.append({**by_resource, "ExecutedVersion": version})
    for dimensions in sets:
        for metric, value, unit in _values(result, milliseconds):
            cloudwatch.record_metric(NAMESPACE, metric, value, unit, dimensions)


def nothing(*_: Any, **__: Any) -> None:
    """MiniStack's own count knows the function's name only, and does not know every caller."""


def _values(result: dict[str, Any], milliseconds: float) -> list[tuple[str, float, str]]:
    if result.get("throttle"):  # it never ran: no invocation and no error
        return [("Throttles", 1, "Count")]
    return [
        ("Invocations", 1, "Count"),
        ("Errors", 1 if result.get("error") else 0, "Count"),
        ("Throttles", 0, "Count"),
        ("Duration", milliseconds, "Milliseconds"),
    ]
