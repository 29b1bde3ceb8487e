"""CloudWatch: metrics out of log lines, and alarms that change state by them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.cloudwatch import embedded_metrics
from embedded_aws.cloudwatch.metric_math import Expression, ExpressionError
from support import function, invoke, unique
from test_cloudformation import deploy, outputs_of, reasons

if TYPE_CHECKING:
    from running import Running

EMIT = """
import json, time

def handler(event, _):
    metrics = [{"Name": name, "Unit": "Count"} for name in event["values"]]
    directive = {"Namespace": event["namespace"], "Dimensions": [["Model"]], "Metrics": metrics}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": aws, "Model": "digits", **event["values"]}))
"""
RATE = "(errors + FILL(failures, 0)) / invocations"


def line(**values: Any) -> str:
    directive = {
        "Namespace": "N",
        "Dimensions": [["Model"], []],
        "Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}, {"Name": "Missing"}],
    }
    return json.dumps({"_aws": {"Timestamp": 2000, "CloudWatchMetrics": [directive]}, "Model": "digits", **values})


def test_reads_each_set_of_dimensions_and_every_value() -> None:
    found = embedded_metrics.read(line(Latency=[1, 2.5], Other=3))

    assert [(metric.name, metric.dimensions, metric.values, metric.timestamp) for metric in found] == [
        ("Latency", {"Model": "digits"}, (1.0, 2.5), 2.0),
        ("Latency", {}, (1.0, 2.5), 2.0),
    ]
    assert {metric.unit for metric in found} == {"Milliseconds"}


@pytest.mark.parametrize("message", ["", "{", "a line", '{"_aws": 1}', '{"_aws": {}}', line(Latency="slow")])
def test_other_lines_have_no_metrics(message: str) -> None:
    assert embedded_metrics.read(message) == []


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (RATE, {"errors": 1, "failures": 2, "invocations": 10}, 0.3),
        (RATE, {"errors": 1, "failures": None, "invocations": 10}, 0.1),
        (RATE, {"errors": None, "failures": 2, "invocations": 10}, None),
        (RATE, {"errors": 1, "failures": 2, "invocations": 0}, None),
        ("IF(a >= 2, -a * 3, 7)", {"a": 2}, -6),
        ("IF(a >= 2, -a * 3, 7)", {"a": 1}, 7),
    ],
)
def test_evaluates_expressions(text: str, values: dict[str, float | None], expected: float | None) -> None:
    assert Expression(text).value(values) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["ANOMALY_DETECTION_BAND(a)", "a and b", "FILL(a)", "a +", "'x'"])
def test_refuses_other_expressions(text: str) -> None:
    with pytest.raises(ExpressionError, match="does not evaluate the metric math expression"):
        Expression(text)


def alarm(namespace: str, expression: str = RATE) -> dict[str, Any]:
    def metric(name: str) -> dict[str, Any]:
        dimensions = [{"Name": "Model", "Value": "digits"}]
        about = {"Namespace": namespace, "MetricName": name, "Dimensions": dimensions}
        return {"Id": name, "ReturnData": False, "MetricStat": {"Metric": about, "Period": 3600, "Stat": "Sum"}}

    properties = {
        "ComparisonOperator": "GreaterThanThreshold",
        "EvaluationPeriods": 1,
        "Threshold": 0.2,
        "TreatMissingData": "notBreaching",
        "Metrics": [{"Id": "rate", "Expression": expression}, *map(metric, ("errors", "failures", "invocations"))],
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def wait_for_state(aws: Running, name: str, state: str) -> None:
    client = aws.client("cloudwatch")
    while client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] != state:
        time.sleep(0.1)


def test_an_alarm_on_metric_math_follows_a_functions_log(aws: Running) -> None:
    stack, namespace, name = unique("stack"), unique("namespace"), function(aws, EMIT)
    assert deploy(aws, stack, {"Alarm": alarm(namespace)}, Name={"Ref": "Alarm"}) == "CREATE_COMPLETE"
    watched = outputs_of(aws, stack)["Name"]
    wait_for_state(aws, watched, "OK")  # nothing is missing that would breach

    invoke(aws, name, {"namespace": namespace, "values": {"errors": 3, "invocations": 10}})
    wait_for_state(aws, watched, "ALARM")

    invoke(aws, name, {"namespace": namespace, "values": {"errors": 0, "invocations": 90}})
    wait_for_state(aws, watched, "OK")
    history = aws.client("cloudwatch").describe_alarm_history(AlarmName=watched)["AlarmHistoryItems"]
    assert any("ALARM" in item["HistorySummary"] for item in history)


def test_an_alarm_on_an_unsupported_expression_is_refused(aws: Running) -> None:
    stack = unique("stack")

    assert deploy(aws, stack, {"Alarm": alarm("N", "RATE(errors)")}) == "ROLLBACK_COMPLETE"
    assert "does not evaluate the metric math expression 'RATE(errors)'" in reasons(aws, stack)


def test_an_alarm_counts_the_metric_of_exactly_its_dimensions(aws: Running) -> None:
    client, namespace, name = aws.client("cloudwatch"), unique("namespace"), unique("alarm")
    client.put_metric_alarm(
        AlarmName=name,
        Namespace=namespace,
        MetricName="Errors",
        Dimensions=[{"Name": "Model", "Value": "digits"}],
        Statistic="Sum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    def put(model: str, value: float) -> None:
        dimensions = [{"Name": "Model", "Value": model}]
        data = [{"MetricName": "Errors", "Dimensions": dimensions, "Value": value}]
        client.put_metric_data(Namespace=namespace, MetricData=data)

    put("other", 9)
    put("digits", 1)
    wait_for_state(aws, name, "OK")
    put("digits", 1)
    wait_for_state(aws, name, "ALARM")
