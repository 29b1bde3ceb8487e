"""The boot of a fleet's instance, executed: the launch template's user data, unchanged, in a root of its own.

The instance is the emulator's: its only network is the embedded AWS. Python is 3.9, and the server is the stand-in for
TensorFlow Serving. No instance of EC2 is involved: systemd's part is played by a small stand-in, and its sandboxing is
not applied.
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
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Running

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a root of its own"),
    pytest.mark.skipif(find_python("3.9") is None, reason="needs the Python 3.9 of Amazon Linux 2023"),
]
HELD_OUT = instance.ROOT / "examples" / "digits" / "held_out.json"


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
            }
        )
        groups = [key for key, one in template["Resources"].items() if one["Type"].endswith("AutoScalingGroup")]
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
        directory = self.directory / f"instance-{len(self.running)}"
        host = instance.host(self.aws, self.directory, disk=disk, cpuinfo=cpuinfo)
        booted = instance.Instance(self.group_id, script, directory, host)
        self.running.append(booted)
        return booted

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
        """As the CDK's command line does with assets."""
        found = re.search(r"s3://([\w-]+)/(\w+\.py)", script)
        settings = re.search(r"boot\.json <<'END_OF_FILE'\n(.*?)END_OF_FILE", script, re.DOTALL)
        assert found
        assert settings
        keys = {"boot.py": found[2]}
        keys |= {PurePath(one["path"]).name: one["key"] for one in json.loads(settings[1])["senderPrograms"]}
        self.s3.create_bucket(Bucket=found[1])
        for name, key in keys.items():
            content = (instance.ROOT / "python" / "instance" / "src" / name).read_bytes()
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


@pytest.fixture
def fleet(aws: Running, tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(aws, tmp_path)
    yield made
    for one in made.running:
        one.end()


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


def test_serves_what_was_published_and_signals_success(fleet: Fleet) -> None:
    booted = fleet.boot()

    assert booted.code == 0, booted.output
    assert fleet.stack.status() == "CREATE_COMPLETE"
    assert fleet.log() == ["SUCCESS"]
    status, metadata = fleet.answer("/v1/models/digits/metadata")
    assert (status, metadata["model_spec"]["version"]) == (200, "7")
    held_out = json.loads(HELD_OUT.read_text())[:20]
    _, answer = fleet.answer("/v1/models/digits:predict", {"instances": [one["image"] for one in held_out]})
    decided = [max(range(10), key=row.__getitem__) for row in answer["predictions"]]
    assert sum(digit == one["label"] for digit, one in zip(decided, held_out, strict=True)) >= 19
    command = booted.run("tr '\\0' ' ' < /proc/$(cat /run/units/tensorflow-serving.service/pid)/cmdline")[1]
    unit = booted.run("grep ^ExecStart= /etc/systemd/system/tensorflow-serving.service")[1]
    assert command.strip().endswith(unit.strip().partition("/usr/bin/tensorflow_model_server ")[2])

    # Once more, as after a reboot on which the user data ran again: nothing is fetched or restarted, and nobody waits.
    before = booted.run("cat /run/units/tensorflow-serving.service/pid; stat -c %Y:%i /models/digits/7")[1]
    fleet.s3.delete_object(Bucket=fleet.bucket, Key="server")
    assert booted.run("bash /var/lib/cloud/user-data")[0] == 0
    assert booted.run("cat /run/units/tensorflow-serving.service/pid; stat -c %Y:%i /models/digits/7")[1] == before
    assert "signal SUCCESS ignored, nothing waits for it" in fleet.log()[-1]


def test_tells_cloudwatch_what_the_server_counts(fleet: Fleet) -> None:
    booted = fleet.boot(metrics=True)
    assert booted.code == 0, booted.output
    assert booted.run("systemctl show -p ActiveState tensorflow-serving-metrics.service")[1].startswith(
        "ActiveState=active"
    )
    # The unit's own command line, every second instead of every minute.
    unit = booted.run("grep ^ExecStart= /etc/systemd/system/tensorflow-serving-metrics.service")[1]
    command = unit.partition("=")[2].strip().rpartition(" ")[0]
    booted.run(f"setsid {command} 1 > /metrics.log 2>&1 &")
    held_out = json.loads(HELD_OUT.read_text())[:3]

    def sent() -> list[dict[str, Any]]:
        return [json.loads(event) for event in fleet.events(f"{fleet.group_id}/metrics")]

    deadline = time.monotonic() + 90
    while not sent() and time.monotonic() < deadline:
        time.sleep(0.5)
    for one in held_out:
        fleet.answer("/v1/models/digits:predict", {"instances": [one["image"]]})
    while sum(event["Requests"] for event in sent()) < len(held_out) and time.monotonic() < deadline:
        time.sleep(0.5)

    events = sent()
    assert sum(event["Requests"] for event in events) == len(held_out), booted.run("cat /metrics.log")
    assert sum(event["Errors"] for event in events) == 0
    assert all(event["Latency"] > 0 for event in events if event["Requests"])
    assert events[0]["FleetName"].startswith(f"{fleet.stack.name}/DigitsGroup")


def test_sends_what_the_server_prints_to_a_stream_of_its_own(fleet: Fleet) -> None:
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


def test_serves_where_the_programs_that_tell_cloudwatch_cannot_be_had(fleet: Fleet) -> None:
    def remove(fleet: Fleet, _: dict[str, str]) -> None:
        [bucket] = [one["Name"] for one in fleet.s3.list_buckets()["Buckets"] if one["Name"].startswith("cdk-")]
        found = fleet.s3.list_objects_v2(Bucket=bucket)["Contents"]
        source = (instance.ROOT / "python" / "instance" / "src" / "server_log.py").read_bytes()
        for key in (one["Key"] for one in found):
            if fleet.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == source:
                fleet.s3.delete_object(Bucket=bucket, Key=key)

    booted = fleet.boot(logging=True, change=remove)

    assert booted.code == 0, booted.output
    assert fleet.serves()
    assert "CloudWatch is not told of the server: there is no s3://" in booted.output


def test_serves_on_a_scale_out_when_nothing_waits_for_a_signal(fleet: Fleet) -> None:
    booted = fleet.boot(waits=False)

    assert booted.code == 0, booted.output
    assert fleet.serves()
    assert fleet.log()[0] == "SUCCESS"
    assert "signal SUCCESS ignored, nothing waits for it" in fleet.log()[1]


def test_serves_with_onednn_off_where_the_processor_lacks_bfloat16_and_that_is_allowed(
    fleet: Fleet, tmp_path: Path
) -> None:
    booted = fleet.boot(cpu_features=["bf16"], missing="disable_onednn", cpuinfo=cpu(tmp_path, "avx2"))

    assert booted.code == 0, booted.output
    environment = booted.run("tr '\\0' '\\n' < /proc/$(cat /run/units/tensorflow-serving.service/pid)/environ")[1]
    assert "TF_ENABLE_ONEDNN_OPTS=0" in environment.splitlines()
    assert fleet.serves()


def flip(fleet: Fleet, fit: dict[str, str]) -> None:
    content = bytearray(fleet.s3.get_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"])["Body"].read())
    content[len(content) // 2] ^= 1
    fleet.s3.put_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"], Body=bytes(content))


def other_manifest(fleet: Fleet, fit: dict[str, str]) -> None:
    fleet.s3.put_object(Bucket=fleet.bucket, Key=fit["ManifestKey"], Body=b'{"files": [], "requirements": {}}')


def remove_archive(fleet: Fleet, fit: dict[str, str]) -> None:
    fleet.s3.delete_object(Bucket=fleet.bucket, Key=fit["ArchiveKey"])


def other_server(fleet: Fleet, _: dict[str, str]) -> None:
    fleet.s3.put_object(Bucket=fleet.bucket, Key="server", Body=b"#!/bin/sh\nsleep 1000\n")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param({"change": flip}, "archive/7.tar.gz has the SHA-256 ", id="a flipped byte in the archive"),
        pytest.param({"change": other_manifest}, "manifest.json has the SHA-256 ", id="another manifest"),
        pytest.param({"change": other_server}, "/server has the SHA-256 ", id="another server"),
        pytest.param({"change": remove_archive}, "there is no s3://", id="a missing object"),
        pytest.param({"cpu_features": ["bf16"], "flags": "avx2"}, "needs a processor with bf16", id="no bfloat16"),
        pytest.param({"disk": "1m"}, "bytes of disk to unpack", id="a disk too small for the model"),
        pytest.param({"disk": "16k", "server": instance.SERVER + "#" * 50_000}, "the disk is full", id="a full disk"),
        pytest.param(
            {"server": "#!/bin/sh\necho illegal instruction; exit 132\n"}, "does not stay up: ", id="a dying server"
        ),
    ],
)
def test_serves_nothing_and_signals_failure_with_its_reason(
    fleet: Fleet, tmp_path: Path, given: dict[str, Any], reason: str
) -> None:
    flags = given.pop("flags", None) if (given := dict(given)) else None

    booted = fleet.boot(**given, cpuinfo=cpu(tmp_path, flags) if flags else None)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith("FAILURE: ")
    assert reason in line
    assert f"{fleet.group_id}: {line}" in booted.output
    assert not fleet.serves()
    assert booted.run("ls /etc/systemd/system/multi-user.target.wants/tensorflow-serving.service")[0] != 0


def test_a_log_that_cannot_be_reached_keeps_no_server_waiting(fleet: Fleet) -> None:
    booted = fleet.boot(aws_command=never_answers("logs*"))

    assert fleet.stack.status() == "CREATE_COMPLETE"
    # CloudFormation was told before anybody knew that the log would not be.
    assert "did not reach CloudWatch Logs" not in booted.console
    assert booted.code == 0
    assert "did not reach CloudWatch Logs" in booted.output
    assert fleet.serves()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        pytest.param("s3*boot.py*", "FAILURE: cannot read s3://cdk-", id="the boot program's"),
        pytest.param("s3*/object*", "FAILURE: cannot read s3://models-", id="the model's"),
    ],
)
def test_a_bucket_that_never_answers_is_a_failure_in_time(fleet: Fleet, given: str, reason: str) -> None:
    booted = fleet.boot(aws_command=never_answers(given), seconds=10)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith(reason)
    assert "no answer" in line


def test_a_verified_server_goes_on_where_the_load_balancer_cannot_be_asked(fleet: Fleet) -> None:
    denied = "An error occurred (AccessDenied) when calling the DescribeTargetHealth operation"
    booted = fleet.boot(aws_command=f'case "$*" in elbv2*) echo "{denied}" >&2; exit 254 ;; esac', seconds=60)

    assert booted.code == 1
    assert fleet.stack.status() == "CREATE_FAILED"
    [line] = fleet.log()
    assert line.startswith("FAILURE: the model answers, but Elastic Load Balancing cannot be asked ")
    assert denied in line
    assert fleet.serves()
    assert booted.run("ls /etc/systemd/system/multi-user.target.wants/tensorflow-serving.service")[0] == 0


def test_success_is_signalled_only_when_both_ports_get_requests(fleet: Fleet) -> None:
    booted = fleet.boot(registered=("Rest",), seconds=60)

    assert booted.code == 1
    [line] = fleet.log()
    assert "the load balancer does not find this instance healthy for gRPC" in line
    assert fleet.serves()
