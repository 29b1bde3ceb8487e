"""Reads lines in CloudWatch's embedded metric format.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_MOST_DIMENSIONS = 30
_MOST_VALUES = 100


@dataclass(frozen=True)
class Datum:
    """The values of one metric under one set of dimensions.

    Attributes:
        timestamp: seconds since the epoch.
    """

    namespace: str
    name: str
    unit: str
    dimensions: dict[str, str]
    values: tuple[float, ...]
    timestamp: float


def read(message: str) -> list[Datum]:
    """Returns the metrics of a log line; none where it is not in the format."""
    if not message.lstrip().startswith("{") or '"_aws"' not in message:
        return []
    try:
        line = json.loads(message)
        metadata = line["_aws"]
        directives, timestamp = metadata["CloudWatchMetrics"], float(metadata["Timestamp"]) / 1000
        return [datum for directive in directives for datum in _of_directive(directive, line, timestamp)]
    except (KeyError, TypeError, ValueError):
        return []


def _of_directive(directive: dict[str, Any], line: dict[str, Any], timestamp: float) -> list[Datum]:
    found = []
    for metric in directive["Metrics"]:
        value = line.get(metric["Name"])
        given: list[Any] = value if isinstance(value, list) else [value]
        values = tuple(float(number) for number in given if _is_number(number))
        for names in directive.get("Dimensions") or [[]]:
            if values and len(values) <= _MOST_VALUES and len(names) <= _MOST_DIMENSIONS:
                dimensions = {name: str(line[name]) for name in names}
                unit = metric.get("Unit", "None")
                found.append(Datum(directive["Namespace"], metric["Name"], unit, dimensions, values, timestamp))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
