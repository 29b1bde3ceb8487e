from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from rollout_gate import alarms as module
from rollout_gate.alarms import AlarmsError, alarm_reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """CloudWatch with one alarm that is in the state ALARM and two that are not."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
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
        yield client


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
