"""Instances, load balancers and Auto Scaling groups, made by CloudFormation: seen by what they answer."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from running import started
from support import unique
from test_cloudformation import deploy, outputs_of, reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="instances need root")

PORT = 8501
SERVE = f"""
cat > /server.py <<'END'
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(sys.argv[1].encode())
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", {PORT}), Answer).serve_forever()
END
python3 /server.py "$answer" > /dev/null 2>&1 &
"""
SIGNAL = """
aws cloudformation signal-resource --region us-east-1 --stack-name STACK --logical-resource-id Group \\
  --unique-id "$(cat /var/lib/cloud/data/instance-id)" --status """


def user_data(stack: str, answer: str, *, serves: bool = True, signals: str = "SUCCESS") -> str:
    script = f"#!/bin/bash\nanswer={answer}\n{SERVE if serves else ''}"
    if serves:
        # Wait like a fleet's instance: an old one goes only after this one takes requests.
        script += "group=TARGETS; instance=$(cat /var/lib/cloud/data/instance-id)\n"
        script += "until aws elbv2 describe-target-health --region us-east-1 --target-group-arn $group "
        script += "--targets Id=$instance --output text | grep -qw healthy; do sleep 0.5; done\n"
    return script + (SIGNAL.replace("STACK", stack) + signals if signals else "")


def resources(script: str, *, capacity: int = 1, timeout: str = "PT2M") -> dict[str, Any]:
    content = {"Fn::Base64": {"Fn::Sub": script.replace("${", "${!").replace("TARGETS", "${Targets}")}}
    signal = {"Count": capacity, "Timeout": timeout}
    rolling = {
        "MinInstancesInService": capacity,
        "MaxBatchSize": 1,
        "PauseTime": timeout,
        "WaitOnResourceSignals": True,
    }
    health = {"HealthCheckProtocol": "HTTP", "HealthCheckPath": "/", "HealthyThresholdCount": 2}
    version = {"Fn::GetAtt": ["Template", "LatestVersionNumber"]}
    return {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}},
        "Balancer": {
            "Type": "AWS::ElasticLoadBalancingV2::LoadBalancer",
            "Properties": {"Type": "network", "Scheme": "internal", "Subnets": [{"Ref": "Subnet"}]},
        },
        "Targets": {
            "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
            "Properties": {"VpcId": {"Ref": "Vpc"}, "Port": PORT, "Protocol": "TCP", **health},
        },
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "TCP",
                "DefaultActions": [{"Type": "forward", "TargetGroupArn": {"Ref": "Targets"}}],
            },
        },
        "Template": {
            "Type": "AWS::EC2::LaunchTemplate",
            "Properties": {
                "LaunchTemplateData": {"InstanceType": "m7i.large", "ImageId": "ami-1", "UserData": content}
            },
        },
        "Group": {
            "Type": "AWS::AutoScaling::AutoScalingGroup",
            "CreationPolicy": {"ResourceSignal": signal},
            "UpdatePolicy": {"AutoScalingRollingUpdate": rolling},
            "Properties": {
                "MinSize": str(capacity),
                "MaxSize": str(capacity + 1),
                "VPCZoneIdentifier": [{"Ref": "Subnet"}],
                "LaunchTemplate": {"LaunchTemplateId": {"Ref": "Template"}, "Version": version},
                "TargetGroupARNs": [{"Ref": "Targets"}],
            },
        },
    }


OUTPUTS = {
    "Dns": {"Fn::GetAtt": ["Balancer", "DNSName"]},
    "Group": {"Ref": "Group"},
    "Targets": {"Ref": "Targets"},
}


class Client:
    """Asks over the load balancer's port, again and again, until it is stopped."""

    def __init__(self, aws: Running, dns_name: str) -> None:
        address = f"{aws.endpoint}/_embedded_aws/load-balancers/{dns_name}/80"
        with urllib.request.urlopen(address, timeout=10) as response:
            where = json.load(response)
        self._url = f"http://{where['host']}:{where['port']}/"
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop)

    def ask(self) -> str:
        with urllib.request.urlopen(self._url, timeout=20) as response:
            return str(response.read().decode())

    def _loop(self) -> None:
        while not self._stop.wait(0.05):
            try:
                self.answers.append(self.ask())
            except (OSError, urllib.error.URLError) as error:
                self.failures.append(repr(error))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def members(aws: Running, group: str) -> list[str]:
    [found] = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])["AutoScalingGroups"]
    return [instance["InstanceId"] for instance in found["Instances"]]


def processes(instance: str) -> list[str]:
    """Commands of an instance's processes on this machine."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = process.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if instance in command:
            found.append(command)
    return found


def wait_until_gone(*instances: str) -> None:
    """The kernel ends what runs on an instance after its first process, and a busy machine takes its time for it."""
    while any(processes(instance) for instance in instances):
        time.sleep(0.05)


@pytest.fixture
def stack(aws: Running) -> Iterator[str]:
    name = unique("compute")
    yield name
    delete(aws, name)


def delete(aws: Running, name: str) -> None:
    client = aws.client("cloudformation")
    client.delete_stack(StackName=name)
    client.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def test_instances_run_their_user_data_and_an_update_replaces_them_without_a_lost_request(
    aws: Running, stack: str
) -> None:
    assert deploy(aws, stack, resources(user_data(stack, "one"), capacity=2), **OUTPUTS) == "CREATE_COMPLETE"

    made = outputs_of(aws, stack)
    old = members(aws, made["Group"])
    health = aws.client("elbv2").describe_target_health(TargetGroupArn=made["Targets"])["TargetHealthDescriptions"]
    assert [target["TargetHealth"]["State"] for target in health] == ["healthy", "healthy"]
    assert [target["Target"]["Id"] for target in health] == old
    with Client(aws, made["Dns"]) as client:
        assert client.ask() == "one"
        assert deploy(aws, stack, resources(user_data(stack, "two"), capacity=2), **OUTPUTS) == "UPDATE_COMPLETE"
        assert client.ask() == "two"
    assert client.failures == []
    assert {"one", "two"} == set(client.answers)
    new = members(aws, made["Group"])
    assert len(new) == 2
    assert not set(new) & set(old)
    wait_until_gone(*old)
    assert all(processes(instance) for instance in new)

    delete(aws, stack)
    wait_until_gone(*new)


@pytest.mark.parametrize(
    ("given", "timeout", "reason"),
    [
        pytest.param(
            {"signals": "FAILURE"}, "PT2M", "Received 1 FAILURE signal(s) out of 1. Unable to satisfy 100%", id="signal"
        ),
        pytest.param(
            {"signals": ""},
            "PT5S",
            "Failed to receive 1 resource signal(s) within the specified",
            id="silence",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_update_whose_new_instance_fails_leaves_the_old_one_serving(
    aws: Running, stack: str, given: dict[str, str], timeout: str, reason: str
) -> None:
    assert deploy(aws, stack, resources(user_data(stack, "one")), **OUTPUTS) == "CREATE_COMPLETE"
    made = outputs_of(aws, stack)
    old = members(aws, made["Group"])

    with Client(aws, made["Dns"]) as client:
        bad = resources(user_data(stack, "two", serves=False, **given), timeout=timeout)
        assert deploy(aws, stack, bad, **OUTPUTS) == "UPDATE_ROLLBACK_COMPLETE"
    assert client.failures == []
    assert set(client.answers) == {"one"}
    assert reason in reasons(aws, stack)
    assert members(aws, made["Group"]) == old


def test_a_group_whose_instances_never_signal_is_not_created(aws: Running, stack: str) -> None:
    silent = resources(user_data(stack, "one", serves=False, signals=""), timeout="PT3S")

    assert deploy(aws, stack, silent) == "ROLLBACK_COMPLETE"
    assert "Failed to receive 1 resource signal(s)" in reasons(aws, stack)
    assert aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_instances_reach_aws_and_nothing_else(aws: Running, stack: str) -> None:
    script = (
        "#!/bin/bash\n(timeout 3 bash -c '</dev/tcp/192.0.2.1/80' && echo out || echo closed) > /reached 2> /dev/null\n"
    )
    script += (
        "aws s3 mb s3://STACK-$(cat /reached)\n".replace("STACK", stack) + SIGNAL.replace("STACK", stack) + "SUCCESS"
    )

    assert deploy(aws, stack, resources(script)) == "CREATE_COMPLETE"
    assert f"{stack}-closed" in [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"Balancer": {"Type": "application"}}, "load balancers of type application"),
        ({"Listener": {"Protocol": "TLS"}}, "listeners with the protocol TLS"),
        ({"Targets": {"TargetType": "ip"}}, "targets of type ip"),
        ({"Group": {"LaunchTemplate": None}}, "Auto Scaling groups with no LaunchTemplate"),
    ],
)
def test_unsupported_requests_are_refused(aws: Running, stack: str, change: dict[str, Any], what: str) -> None:
    template = resources(user_data(stack, "one"))
    for name, properties in change.items():
        given = {**template[name]["Properties"], **properties}
        template[name]["Properties"] = {key: value for key, value in given.items() if value is not None}

    assert deploy(aws, stack, template) == "ROLLBACK_COMPLETE"
    assert f"the emulator does not support {what}" in reasons(aws, stack)


def test_instances_end_with_a_killed_emulator(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        name = unique("compute")
        assert deploy(aws, name, resources(user_data(name, "one")), **OUTPUTS) == "CREATE_COMPLETE"
        [instance] = members(aws, outputs_of(aws, name)["Group"])
        assert processes(instance)

        aws.process.kill()
        aws.process.wait()

        deadline = time.monotonic() + 20
        while processes(instance) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert processes(instance) == []
