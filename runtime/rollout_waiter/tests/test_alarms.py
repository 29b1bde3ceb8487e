from __future__ import annotations

from typing import Any

import boto3
import pytest
from rollout_waiter import alarms as module
from rollout_waiter.alarms import AlarmsError, alarm_reason


@pytest.fixture
def cloudwatch(aws: None) -> Any:
    """CloudWatch with one alarm that is in the state ALARM and two that are not."""
    client = boto3.client("cloudwatch")
    for name in ("quiet", "unknown", "loud"):
        client.put_metric_alarm(
            AlarmName=name,
            Namespace="Shop",
            MetricName="Orders",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="LessThanThreshold",
        )
    client.set_alarm_state(AlarmName="loud", StateValue="ALARM", StateReason="no order in a minute")
    client.set_alarm_state(AlarmName="quiet", StateValue="OK", StateReason="orders")
    return client


@pytest.mark.usefixtures("cloudwatch")
def test_alarm_is_named_with_its_reason() -> None:
    assert alarm_reason(["quiet", "loud"]) == "the alarm loud is in the state ALARM: no order in a minute"


@pytest.mark.usefixtures("cloudwatch")
def test_alarms_in_other_states_say_nothing() -> None:
    assert alarm_reason(["quiet", "unknown"]) == ""
    assert alarm_reason([]) == ""


@pytest.mark.usefixtures("cloudwatch")
def test_missing_alarm_is_named() -> None:
    assert alarm_reason(["quiet", "deleted"]) == "there is no alarm deleted"


def test_refusal_is_an_error_that_names_the_alarms(cloudwatch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "not authorized"}}

    def refuse(**_: Any) -> None:
        raise cloudwatch.exceptions.ClientError(denied, "DescribeAlarms")

    monkeypatch.setattr(
        module.boto3, "client", lambda *_, **__: type("Client", (), {"describe_alarms": staticmethod(refuse)})
    )

    with pytest.raises(AlarmsError, match=r"did not describe the alarms quiet: .*AccessDenied"):
        alarm_reason(["quiet"])
