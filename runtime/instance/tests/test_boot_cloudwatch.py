"""Metrics and logs that an instance sends to CloudWatch once it has booted."""

from __future__ import annotations

import json
import time
from typing import Any

import fleet as fleets
import instance
import pytest
from fleet import Fleet, never_answers

pytestmark = fleets.CAN_BOOT
HELD_OUT = instance.ROOT / "examples" / "digits" / "held_out.json"


@pytest.mark.slow
def test_reports_the_servers_counters_to_cloudwatch(fleet: Fleet) -> None:
    booted = fleet.boot(metrics=True)
    assert booted.code == 0, booted.output
    assert booted.run("systemctl show -p ActiveState model-server-metrics.service")[1].startswith("ActiveState=active")
    # The unit's own command line, every second instead of every minute.
    unit = booted.run("grep ^ExecStart= /etc/systemd/system/model-server-metrics.service")[1]
    command = unit.partition("=")[2].strip().rpartition(" ")[0]
    booted.run(f"setsid {command} 1 > /metrics.log 2>&1 &")
    held_out = json.loads(HELD_OUT.read_text())[:3]

    def sent() -> list[dict[str, Any]]:
        return [json.loads(event) for event in fleet.events(f"{fleet.group_id}/metrics")]

    deadline = time.monotonic() + 90
    while not sent() and time.monotonic() < deadline:
        time.sleep(0.5)
    for entry in held_out:
        fleet.answer("/v1/models/digits:predict", {"instances": [entry["image"]]})
    while sum(event["Requests"] for event in sent()) < len(held_out) and time.monotonic() < deadline:
        time.sleep(0.5)

    events = sent()
    assert sum(event["Requests"] for event in events) == len(held_out), booted.run("cat /metrics.log")
    assert sum(event["Errors"] for event in events) == 0
    assert all(event["Latency"] > 0 for event in events if event["Requests"])
    assert events[0]["FleetName"].startswith(f"{fleet.stack.name}/DigitsGroup")


@pytest.mark.slow
def test_sends_the_servers_output_to_its_own_stream(fleet: Fleet) -> None:
    chatty = instance.SERVER.replace("PYTHONPATH=", "echo 'a line of the server'\nPYTHONPATH=", 1)
    booted = fleet.boot(server=chatty, logging=True)

    assert booted.code == 0, booted.output
    lines = fleet.waited_for(f"{fleet.group_id}/server", "a line of the server")
    assert lines.count("a line of the server") == 1
    assert fleet.log() == ["SUCCESS"]
    assert not fleet.events(f"{fleet.group_id}/metrics")


def test_a_server_that_dies_at_once_leaves_its_last_words(fleet: Fleet) -> None:
    booted = fleet.boot(server="#!/bin/sh\necho illegal instruction; exit 132\n", logging=True)

    assert booted.code == 1
    assert "illegal instruction" in fleet.waited_for(f"{fleet.group_id}/server", "illegal instruction")


@pytest.mark.slow
@pytest.mark.fault
def test_serves_if_the_programs_that_report_to_cloudwatch_are_unavailable(fleet: Fleet) -> None:
    def remove(fleet: Fleet, _: dict[str, str]) -> None:
        [bucket] = [entry["Name"] for entry in fleet.s3.list_buckets()["Buckets"] if entry["Name"].startswith("cdk-")]
        found = fleet.s3.list_objects_v2(Bucket=bucket)["Contents"]
        source = (instance.ROOT / "runtime" / "instance" / "src" / "server_log.py").read_bytes()
        for key in (entry["Key"] for entry in found):
            if fleet.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == source:
                fleet.s3.delete_object(Bucket=bucket, Key=key)

    booted = fleet.boot(logging=True, change=remove)

    assert booted.code == 0, booted.output
    assert fleet.serves()
    assert "CloudWatch is not told of the server: there is no s3://" in booted.output


@pytest.mark.slow
@pytest.mark.fault
def test_an_unreachable_log_does_not_delay_the_server(fleet: Fleet) -> None:
    booted = fleet.boot(aws_command=never_answers("logs*"))

    assert fleet.stack.status() == "CREATE_COMPLETE"
    # CloudFormation was told before anybody knew that the log would not be.
    assert "did not reach CloudWatch Logs" not in booted.console
    assert booted.code == 0
    assert "did not reach CloudWatch Logs" in booted.output
    assert fleet.serves()
