"""Boots the instances of one fleet: the launch template's user data, unchanged, in a root of its own.

The instance is the emulator's: its only network is the embedded AWS. Python is 3.9, and the server is the stand-in for
TensorFlow Serving. No instance of EC2 is involved: a small stand-in plays systemd's part, without its sandboxing.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import instance
import pytest
from embedded_aws.host.pythons import find_python
from support import unique

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from running import Running

CAN_BOOT = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a root of its own"),
    pytest.mark.skipif(find_python("3.9") is None, reason="needs the Python 3.9 of Amazon Linux 2023"),
]


class Fleet:
    """One stack, its objects, and the instances that it starts."""

    def __init__(self, aws: Running, directory: Path) -> None:
        self.aws, self.directory = aws, directory
        self.bucket = unique("models")
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket=self.bucket)
        self.group_id = f"i-{unique('x')[2:]}"
        self.log_group = unique("boot")
        aws.client("logs").create_log_group(logGroupName=self.log_group)
        elb = aws.client("elbv2")
        self.target_groups = {
            name: elb.create_target_group(Name=unique("t"), Protocol="TCP", Port=port, VpcId="vpc-1")["TargetGroups"][
                0
            ]["TargetGroupArn"]
            for name, port in (("Grpc", 8500), ("Rest", 8501))
        }
        self.running: list[instance.Instance] = []

    def boot(
        self,
        *,
        server: str = instance.SERVER,
        change: Callable[[Fleet, dict[str, str]], None] | None = None,
        cpu_features: list[str] | None = None,
        missing: str = "refuse",
        cpuinfo: Path | None = None,
        disk: str = "1g",
        waits: bool = True,
        metrics: bool = False,
        logging: bool = False,
        aws_command: str = "",
        seconds: int | None = None,
        drain_seconds: int | None = None,
        registered: tuple[str, ...] = ("Grpc", "Rest"),
    ) -> instance.Instance:
        """Start an instance. Its code and output wait for the end of its boot.

        Args:
            server: the program.
            change: what to do to the objects before.
            cpu_features: those that the model needs.
            missing: what to do without them.
            cpuinfo: stands in for /proc/cpuinfo.
            disk: the size of the models' disk.
            waits: whether the stack still waits for a signal.
            metrics: whether to send the server's counters.
            logging: whether to send the server's log.
            aws_command: shell that runs before each call of the AWS CLI, whose arguments are `$*`.
            seconds: the boot's time, when it is not the fleet's.
            drain_seconds: how long connections go on when the instance leaves, when it is not the fleet's.
            registered: target groups that send it requests.
        """
        fit = instance.publish(self.aws, self.bucket, cpu_features=cpu_features)
        self.s3.put_object(Bucket=self.bucket, Key="server", Body=server.encode())
        template = instance.synthesize(
            {
                "bucket": self.bucket,
                "manifestKey": fit["ManifestKey"],
                "serverKey": "server",
                "serverSha256": instance.sha256(server.encode()),
                "missingCpuFeatures": missing,
                "embeddedMetrics": metrics,
                "serverLogging": logging,
                **({} if drain_seconds is None else {"drainSeconds": drain_seconds}),
            }
        )
        groups = [
            key for key, resource in template["Resources"].items() if resource["Type"].endswith("AutoScalingGroup")
        ]
        self.stack = instance.WaitingStack(self.aws, unique("fleet"), groups[0])
        if not waits:
            self.aws.client("cloudformation").signal_resource(
                StackName=self.stack.name, LogicalResourceId=groups[0], UniqueId="i-first", Status="SUCCESS"
            )
            assert self.stack.status() == "CREATE_COMPLETE"
        script = instance.user_data(template, self._references(), fit)
        self._upload_programs(script)
        if change:
            change(self, fit)
        elb = self.aws.client("elbv2")
        for name in registered:
            elb.register_targets(TargetGroupArn=self.target_groups[name], Targets=[{"Id": self.group_id}])
        if aws_command:
            script = script.replace("set -euo pipefail\n", f"set -euo pipefail\n{wrapped_aws(aws_command)}", 1)
        if seconds is not None:
            script = re.sub(r"^limit=\d+$", f"limit={seconds}", script, count=1, flags=re.MULTILINE)
        booted = self.start(script, disk=disk, cpuinfo=cpuinfo)
        self.running.append(booted)
        return booted

    def start(self, script: str, **hardware: Any) -> instance.Instance:
        """Start an instance with this user data."""
        directory = self.directory / f"instance-{len(self.running)}"
        return instance.Instance(self.group_id, script, directory, instance.host(self.aws, self.directory, **hardware))

    def _references(self) -> dict[str, str]:
        return {
            "AWS::StackId": self.stack.stack_id,
            "AWS::StackName": self.stack.name,
            "AWS::Partition": "aws",
            "AWS::Region": "us-east-1",
            "AWS::AccountId": "123456789012",
            "DigitsLogGroup": self.log_group,
            **{f"DigitsNetwork{name}Targets": arn for name, arn in self.target_groups.items()},
        }

    def _upload_programs(self, script: str) -> None:
        """Upload the programs, as the CDK's command line uploads assets."""
        found = re.search(r"s3://([\w-]+)/(\w+\.py)", script)
        settings = re.search(r"boot\.json <<'END_OF_FILE'\n(.*?)END_OF_FILE", script, re.DOTALL)
        assert found
        assert settings
        keys = {"boot.py": found[2]}
        keys |= {
            PurePath(sender_program["path"]).name: sender_program["key"]
            for sender_program in json.loads(settings[1])["senderPrograms"]
        }
        self.s3.create_bucket(Bucket=found[1])
        for name, key in keys.items():
            content = (instance.ROOT / "runtime" / "instance" / "src" / name).read_bytes()
            self.s3.put_object(Bucket=found[1], Key=key, Body=content)

    def answer(self, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("instance")
        connection.sock = self.running[-1].connect(8501)
        connection.request("POST" if body else "GET", path, body and json.dumps(body))
        response = connection.getresponse()
        return response.status, json.load(response)

    def serves(self) -> bool:
        try:
            return self.answer("/v1/models/digits/metadata")[0] == 200
        except OSError:
            return False

    def log(self) -> list[str]:
        return self.events(self.group_id)

    def events(self, stream: str) -> list[str]:
        """The messages of a stream; none before it was made."""
        client = self.aws.client("logs")
        try:
            events = client.get_log_events(logGroupName=self.log_group, logStreamName=stream)["events"]
        except client.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in events]

    def waited_for(self, stream: str, text: str) -> list[str]:
        """The messages of a stream, once one of them has the text."""
        deadline = time.monotonic() + 90
        while not any(text in line for line in self.events(stream)):
            assert time.monotonic() < deadline, self.events(stream)
            time.sleep(0.5)
        return self.events(stream)


def wrapped_aws(command: str) -> str:
    """Shell that puts a program in front of the instance's AWS CLI."""
    return f"""cat > /opt/aws <<'END_OF_AWS'
#!/bin/bash
{command}
exec /opt/instance/bin/aws "$@"
END_OF_AWS
chmod +x /opt/aws; PATH=/opt/front:$PATH; mkdir /opt/front; mv /opt/aws /opt/front
"""


def never_answers(arguments: str) -> str:
    return f'case "$*" in {arguments}) exec sleep 1000 ;; esac'


def cpu(directory: Path, flags: str) -> Path:
    path = directory / "cpuinfo"
    path.write_text(f"processor\t: 0\nflags\t\t: fpu sse2 {flags}\n")
    return path
