"""Makes what the tests deploy without CloudFormation: archives, roles, functions, projects."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from running import Running

# A package that needs nothing to be built.
PROBE = {
    "pyproject.toml": """
[project]
name = "probe"
version = "1.2.3"
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "backend.py": """
import zipfile

def build_wheel(directory, *_):
    name = "probe-1.2.3-py3-none-any.whl"
    with zipfile.ZipFile(f"{directory}/{name}", "w") as wheel:
        metadata = "probe-1.2.3.dist-info/"
        wheel.writestr("probe.py", "ANSWER = 42\\ndef main(): print(ANSWER)")
        wheel.writestr(metadata + "METADATA", "Metadata-Version: 2.1\\nName: probe\\nVersion: 1.2.3")
        wheel.writestr(metadata + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any")
        wheel.writestr(metadata + "entry_points.txt", "[console_scripts]\\nprobe = probe:main")
        wheel.writestr(metadata + "RECORD", "")
    return name
""",
}


def archive(files: dict[str, str | bytes], mode: int = 0o644) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            file.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def role(aws: Running, service: str, *, policy: bool = True) -> str:
    """The ARN of a new role."""
    iam = aws.client("iam")
    name = unique("role")
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    if policy:
        add_policy(aws, arn)
    return arn


def add_policy(aws: Running, role_arn: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    name = role_arn.rsplit("/", 1)[1]
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(document))


def layer(aws: Running, files: dict[str, str | bytes], mode: int = 0o644) -> str:
    """The ARN of a new layer version."""
    client = aws.client("lambda")
    arn: str = client.publish_layer_version(LayerName=unique("layer"), Content={"ZipFile": archive(files, mode)})[
        "LayerVersionArn"
    ]
    return arn


def function(aws: Running, source: str, **settings: Any) -> str:
    """The name of a new, active Python function."""
    name: str = settings.pop("FunctionName", None) or unique("function")
    values = {
        "Runtime": "python3.13",
        "Handler": "index.handler",
        "Timeout": 20,
        "MemorySize": 256,
        "Role": role(aws, "lambda.amazonaws.com"),
        **settings,
    }
    client = aws.client("lambda")
    client.create_function(FunctionName=name, Code={"ZipFile": archive({"index.py": source})}, **values)
    wait_until_updated(aws, name)
    return name


def wait_until_updated(aws: Running, name: str) -> None:
    client = aws.client("lambda")
    while client.get_function_configuration(FunctionName=name)["State"] != "Active":
        time.sleep(0.05)


def invoke(aws: Running, name: str, event: Any = None, **settings: Any) -> tuple[Any, bool]:
    """The payload of an invocation, and whether the function failed."""
    response = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), **settings)
    return json.loads(response["Payload"].read()), "FunctionError" in response


def project(aws: Running, buildspec: str, **settings: Any) -> str:
    """The name of a new CodeBuild project without a source."""
    name = unique("project")
    aws.client("codebuild").create_project(
        name=name,
        **{
            "source": {"type": "NO_SOURCE", "buildspec": buildspec},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": role(aws, "codebuild.amazonaws.com"),
            **settings,
        },
    )
    return name


def start_build(aws: Running, name: str, **overrides: Any) -> str:
    build_id: str = aws.client("codebuild").start_build(projectName=name, **overrides)["build"]["id"]
    return build_id


def finished(aws: Running, build_id: str) -> dict[str, Any]:
    """The record of a build, once it has ended."""
    client = aws.client("codebuild")
    while True:
        build: dict[str, Any] = client.batch_get_builds(ids=[build_id])["builds"][0]
        if build["buildStatus"] != "IN_PROGRESS":
            return build
        time.sleep(0.05)


def log_of(aws: Running, build: dict[str, Any]) -> list[str]:
    logs = build["logs"]
    found = aws.client("logs").get_log_events(
        logGroupName=logs["groupName"], logStreamName=logs["streamName"], startFromHead=True
    )
    return [event["message"] for event in found["events"]]


def run_build(aws: Running, buildspec: str, **overrides: Any) -> tuple[dict[str, Any], list[str]]:
    """Runs a buildspec; its record and its log."""
    build = finished(aws, start_build(aws, project(aws, buildspec), **overrides))
    return build, log_of(aws, build)


def put(directory: Path, *names: str) -> None:
    """Make empty files in a directory, which is made too."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).touch()
