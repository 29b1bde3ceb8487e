"""Decides the state of an alarm by its metrics.

See https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html.
"""

from __future__ import annotations

import operator
import time
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch

from embedded_aws.cloudwatch.metric_math import Expression

if TYPE_CHECKING:
    from collections.abc import Callable

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}

Alarm = dict[str, Any]


def with_math(record: Callable[[str, dict[str, Any]], Alarm]) -> Callable[[str, dict[str, Any]], Alarm]:
    """Makes the record of a template's alarm on metric math, which MiniStack refuses."""

    def make(name: str, properties: dict[str, Any]) -> Alarm:
        if properties.get("ComparisonOperator") not in _COMPARISONS:
            raise ValueError(f"the emulator does not compare by {properties.get('ComparisonOperator')}")
        queries = properties.get("Metrics")
        if not queries:
            return record(name, properties)
        _check(queries)
        periods = [int(query["MetricStat"]["Period"]) for query in queries if "MetricStat" in query]
        alarm = record(
            name, {**properties, "Metrics": None, "MetricName": "-", "Namespace": "-", "Period": max(periods)}
        )
        return {**alarm, "Metrics": queries, "MetricName": "", "Namespace": ""}

    return make


def evaluate(alarm: Alarm) -> None:
    """Changes an alarm's state, and does what it is to do then. Alarms of the API on anything else stay as they are."""
    if alarm.get("ComparisonOperator") not in _COMPARISONS or not (alarm.get("Namespace") or alarm.get("Metrics")):
        return
    state, reason = _state(alarm, time.time())
    before = alarm["StateValue"]
    if state == before:
        return
    alarm.update(StateValue=state, StateReason=reason, StateUpdatedTimestamp=int(time.time()))
    cloudwatch._record_history(alarm["AlarmName"], before, state, reason)
    cloudwatch._dispatch_alarm_actions(alarm, before, state, reason)
    cloudwatch._evaluate_parent_alarms(alarm)


def _state(alarm: Alarm, now: float) -> tuple[str, str]:
    period, count = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    start = int(now // period) * period
    found = [_value(alarm, start - index * period, period) for index in reversed(range(count))]
    known = [value for value in found if value is not None]
    missing, treatment = count - len(known), alarm.get("TreatMissingData") or "missing"
    if not known:
        unknown = {"notBreaching": "OK", "breaching": "ALARM", "ignore": alarm["StateValue"]}
        return unknown.get(treatment, "INSUFFICIENT_DATA"), f"no datapoints in {count} periods ({treatment})"
    compare, threshold = _COMPARISONS[alarm["ComparisonOperator"]], float(alarm["Threshold"])
    breaching = sum(compare(value, threshold) for value in known) + (missing if treatment == "breaching" else 0)
    needed = int(alarm.get("DatapointsToAlarm") or count)
    crossed = "Threshold Crossed" if breaching >= needed else "Threshold not crossed"
    return (
        "ALARM" if breaching >= needed else "OK",
        f"{crossed}: {breaching} of {count} datapoints {known} {alarm['ComparisonOperator']} {threshold}",
    )


def _value(alarm: Alarm, start: float, period: int) -> float | None:
    queries = alarm.get("Metrics")
    if not queries:
        return _statistic(alarm, alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average", start, period)
    values: dict[str, float | None] = {}
    for query in queries:
        if "MetricStat" in query:
            statistic = query["MetricStat"]
            values[query["Id"]] = _statistic(statistic["Metric"], statistic["Stat"], start, period)
    expressions = {query["Id"]: query for query in queries if "Expression" in query}
    for name, query in expressions.items():
        values[name] = Expression(query["Expression"]).value(values)
    return values[next(query["Id"] for query in queries if _returned(query))]


def _statistic(metric: dict[str, Any], statistic: str, start: float, period: int) -> float | None:
    dimensions = cloudwatch._dims_key(cloudwatch._dims_from_list(metric.get("Dimensions") or []))
    points = cloudwatch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions)) or []
    inside = [point for point in points if start <= point["Timestamp"] < start + period]
    if not inside:
        return None
    value = cloudwatch._stat_value(cloudwatch._calc_stats(inside), statistic, inside)
    return None if value is None else float(value)


def _check(queries: list[dict[str, Any]]) -> None:
    if sum(_returned(query) for query in queries) != 1:
        raise ValueError("Exactly one element of the metrics list should return data.")
    for query in queries:
        if "Expression" in query:
            Expression(query["Expression"])


def _returned(query: dict[str, Any]) -> bool:
    return str(query.get("ReturnData", True)).lower() != "false"
