"""The genuine CDK command line against the embedded AWS: bootstrap, deploy, diff, destroy."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError
from running import ROOT, Running

APP = Path(__file__).parent / "app"
CDK = ROOT / "node_modules" / ".bin" / "cdk"


@dataclass
class Cli:
    """The CDK command line, pointed at the embedded AWS by environment variables alone."""

    aws: Running
    work: Path

    def __call__(self, *arguments: str, directory: Path = APP) -> subprocess.CompletedProcess[str]:
        variables = {
            "AWS_ENDPOINT_URL": self.aws.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DEFAULT_ACCOUNT": "123456789012",
            "CDK_DEFAULT_REGION": "us-east-1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_VALIDATION": "false",
            "CI": "true",
            "NO_COLOR": "1",
        }
        return subprocess.run(
            [str(CDK), *arguments],
            cwd=directory,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def stack(self, command: str, name: str, *arguments: str, **context: str) -> subprocess.CompletedProcess[str]:
        given = {"stack": name, **context}
        values = [argument for key, value in given.items() for argument in ("-c", f"{key}={value}")]
        output = str(self.work / "cdk.out")
        return self(command, name, "--app", "node app.js", "--output", output, *values, *arguments)

    def deploy(self, name: str, **context: str) -> subprocess.CompletedProcess[str]:
        outputs = ("--outputs-file", str(self.work / "outputs.json"))
        return self.stack("deploy", name, "--require-approval", "never", "--progress", "events", *outputs, **context)

    def destroy(self, name: str, **context: str) -> subprocess.CompletedProcess[str]:
        return self.stack("destroy", name, "--force", **context)

    def outputs(self, name: str) -> dict[str, str]:
        found: dict[str, dict[str, str]] = json.loads((self.work / "outputs.json").read_text())
        return found[name]


@pytest.fixture(scope="module")
def cli(aws: Running, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """The command line in a bootstrapped account."""
    elsewhere = tmp_path_factory.mktemp("no-app")  # with a cdk.json around, bootstrap would synthesize the app first
    cli = Cli(aws, tmp_path_factory.mktemp("cdk"))
    result = cli("bootstrap", "aws://123456789012/us-east-1", directory=elsewhere)
    assert result.returncode == 0, result.stderr
    return cli


def failed_events(aws: Running, stack: str) -> str:
    events = aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"])


def statuses(aws: Running) -> dict[str, str]:
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack["StackStatus"] for stack in stacks}


def live_answer(aws: Running, function: str) -> dict[str, Any]:
    payload = aws.client("lambda").invoke(FunctionName=function, Qualifier="live", Payload=b"{}")["Payload"].read()
    answer: dict[str, Any] = json.loads(payload)
    return answer


def url_answer(aws: Running, url: str, *, signed: bool) -> str:
    headers = {"Host": urlsplit(url).hostname or ""}
    if signed:
        headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request"
    request = urllib.request.Request(f"{aws.endpoint}/", headers=headers)
    with urllib.request.urlopen(request) as response:
        text: str = response.read().decode()
        return text


def builds(aws: Running, project: str) -> list[dict[str, Any]]:
    client = aws.client("codebuild")
    ids = client.list_builds_for_project(projectName=project)["ids"]
    found: list[dict[str, Any]] = client.batch_get_builds(ids=ids)["builds"]
    return found


@pytest.mark.slow
def test_the_roles_of_the_bootstrap_may_do_what_its_template_says(cli: Cli) -> None:
    account = cli.aws.client("sts")
    arn = "arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-us-east-1"
    key = account.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    ssm = boto3.client(
        "ssm",
        endpoint_url=cli.aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key["SessionToken"],
    )
    assert ssm.get_parameter(Name="/cdk-bootstrap/hnb659fds/version")["Parameter"]
    with pytest.raises(ClientError, match="AccessDenied"):
        ssm.get_parameter(Name="/of/a/delivery")


@pytest.mark.slow
def test_a_model_is_built_deployed_updated_rolled_back_and_destroyed(aws: Running, cli: Cli) -> None:
    result = cli.deploy("ModelStack", answer="one")
    assert result.returncode == 0, result.stdout + result.stderr
    outputs = cli.outputs("ModelStack")
    function = outputs["FunctionName"]
    assert live_answer(aws, function) == {"answer": "one", "version": "1"}
    assert url_answer(aws, outputs["Url"], signed=True) == "one"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        url_answer(aws, outputs["Url"], signed=False)

    unchanged = cli.stack("diff", "ModelStack", answer="one")
    assert unchanged.returncode == 0, unchanged.stderr
    assert "Number of stacks with differences: 0" in unchanged.stdout + unchanged.stderr
    changed = cli.stack("diff", "ModelStack", answer="two")
    assert "Number of stacks with differences: 1" in changed.stdout + changed.stderr

    result = cli.deploy("ModelStack", answer="two")
    assert result.returncode == 0, result.stdout + result.stderr
    assert live_answer(aws, function) == {"answer": "two", "version": "2"}
    versions = aws.client("lambda")
    old = json.loads(versions.invoke(FunctionName=function, Qualifier="1", Payload=b"{}")["Payload"].read())
    assert old == {"answer": "one", "version": "1"}, "a published version keeps its own layer"

    result = cli.deploy("ModelStack", answer="three", fail="yes")
    assert result.returncode != 0
    assert "the model was not built: FAILED" in failed_events(aws, "ModelStack")
    assert statuses(aws)["ModelStack"] == "UPDATE_ROLLBACK_COMPLETE"
    assert live_answer(aws, function)["answer"] == "two"
    assert url_answer(aws, outputs["Url"], signed=True) == "two"
    failed = [build for build in builds(aws, outputs["Project"]) if build["buildStatus"] == "FAILED"]
    assert len(failed) == 1
    logs = failed[0]["logs"]
    stream = {"logGroupName": logs["groupName"], "logStreamName": logs["streamName"]}
    text = "\n".join(event["message"] for event in aws.client("logs").get_log_events(**stream)["events"])
    assert "the build was asked to fail" in text
    assert "post_build: succeeding=0" in text

    result = cli.destroy("ModelStack", answer="three")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ModelStack" not in statuses(aws)
    buckets = [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    assert outputs["Bucket"] not in buckets


@pytest.mark.slow
def test_an_unsupported_resource_type_fails_the_deployment_and_is_named(aws: Running, cli: Cli) -> None:
    result = cli.deploy("UnsupportedStack")
    assert result.returncode != 0
    assert "the emulator does not support AWS::EC2::FlowLog" in failed_events(aws, "UnsupportedStack")
    assert statuses(aws)["UnsupportedStack"] == "ROLLBACK_COMPLETE"
    assert cli.destroy("UnsupportedStack").returncode == 0
