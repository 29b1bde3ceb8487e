"""Reads the states of CloudWatch alarms."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

#: Client with short timeouts: a function in a VPC may not reach CloudWatch, and must have time left to say so.
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
#: Maximum number of names that DescribeAlarms takes.
_NAMES = 100


class AlarmsError(Exception):
    """CloudWatch refused to describe alarms, or could not be reached."""


def alarm_reason(names: list[str]) -> str:
    """Say which of some alarms is in the state ALARM, or is missing; empty if none is.

    Raises:
        AlarmsError: They could not be read.
    """
    if not names:
        return ""
    alarms: dict[str, dict[str, str]] = {}
    try:
        client = boto3.client("cloudwatch", config=_CONFIG)
        for start in range(0, len(names), _NAMES):
            page = client.describe_alarms(
                AlarmNames=names[start : start + _NAMES],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_NAMES,
            )
            alarms |= {
                entry["AlarmName"]: entry
                for kind in ("MetricAlarms", "CompositeAlarms")
                for entry in page.get(kind, [])
            }
    except (ClientError, BotoCoreError) as error:
        raise AlarmsError(f"CloudWatch did not describe the alarms {', '.join(names)}: {error}") from error
    for name in names:
        if name not in alarms:
            return f"there is no alarm {name}"
        if alarms[name]["StateValue"] == "ALARM":
            return f"the alarm {name} is in the state ALARM: {alarms[name].get('StateReason', '')}".rstrip(": ")
    return ""
