"""Roles are judged by their policies, with the conditions that this project's policies use."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from running import started
from support import function, invoke, role, unique
from test_cloudformation import deploy, outputs_of

if TYPE_CHECKING:
    from pathlib import Path

    from running import Running

CALL = """
import boto3
from botocore.exceptions import ClientError

def handler(event, _):
    method = getattr(boto3.client(event["service"]), event["method"])
    try:
        method(**event["arguments"])
    except ClientError as error:
        return error.response["Error"]["Code"] + ": " + error.response["Error"]["Message"]
    return "done"
"""


class Caller:
    """A function with a role of its own, or with the one that is given."""

    def __init__(self, aws: Running, *statements: dict[str, Any], arn: str = "") -> None:
        self._aws = aws
        arn = arn or role(aws, "lambda.amazonaws.com", policy=False)
        if statements:
            aws.client("iam").put_role_policy(
                RoleName=arn.rsplit("/", 1)[1], PolicyName="own", PolicyDocument=document(*statements)
            )
        self._name = function(aws, CALL, Role=arn)

    def call(self, service: str, method: str, **arguments: Any) -> str:
        answer, failed = invoke(self._aws, self._name, {"service": service, "method": method, "arguments": arguments})
        assert not failed, answer
        return str(answer)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def allow(action: str, resource: str, **conditions: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": conditions}


@pytest.fixture(scope="module")
def bucket(aws: Running) -> str:
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    aws.client("s3").put_object(Bucket=name, Key="digits/model", Body=b"x")
    return name


def test_a_function_may_do_only_what_its_role_allows(aws: Running, bucket: str) -> None:
    caller = Caller(aws, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/digits/*"))
    assert caller.call("s3", "get_object", Bucket=bucket, Key="digits/model") == "done"
    denied = caller.call("s3", "put_object", Bucket=bucket, Key="digits/other", Body="x")
    assert denied.startswith("AccessDenied: ")
    assert "is not authorized to perform: s3:PutObject" in denied
    assert "AccessDenied" in Caller(aws).call("s3", "get_object", Bucket=bucket, Key="digits/model")


def test_a_permissions_boundary_limits_what_the_policies_of_a_role_allow(aws: Running, bucket: str) -> None:
    iam, objects = aws.client("iam"), f"arn:aws:s3:::{bucket}/*"
    limits = iam.create_policy(PolicyName=unique("boundary"), PolicyDocument=document(allow("s3:GetObject", "*")))
    arn = role(aws, "lambda.amazonaws.com", policy=False)
    name = arn.rsplit("/", 1)[1]
    both = [allow("s3:GetObject", objects), allow("s3:PutObject", objects)]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*both))
    iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=limits["Policy"]["Arn"])
    caller = Caller(aws, arn=arn)
    assert caller.call("s3", "get_object", Bucket=bucket, Key="digits/model") == "done"
    assert "AccessDenied" in caller.call("s3", "put_object", Bucket=bucket, Key="digits/other", Body="x")


def test_a_session_policy_limits_what_the_policies_of_a_role_allow(aws: Running, bucket: str) -> None:
    arn, objects = role(aws, "lambda.amazonaws.com", policy=False), f"arn:aws:s3:::{bucket}/*"
    both = [allow("s3:GetObject", objects), allow("s3:PutObject", objects)]
    aws.client("iam").put_role_policy(RoleName=arn.rsplit("/", 1)[1], PolicyName="own", PolicyDocument=document(*both))
    limits = document(allow("s3:GetObject", "*"))
    answer = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="session", Policy=limits)
    keys = answer["Credentials"]
    s3 = boto3.client(
        "s3",
        endpoint_url=aws.endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    s3.get_object(Bucket=bucket, Key="digits/model")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="digits/other", Body=b"x")


def test_objects_of_a_bucket_with_a_key_take_permissions_for_the_key(aws: Running) -> None:
    name, stack = unique("bucket"), unique("stack")
    root = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "*", "Resource": "*"}
    encrypted = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}
    rules = {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": encrypted}]}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": json.loads(document(root))}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, "BucketEncryption": rules}},
    }
    assert deploy(aws, stack, resources, Key={"Fn::GetAtt": ["Key", "Arn"]}) == "CREATE_COMPLETE"
    key, objects = outputs_of(aws, stack)["Key"], f"arn:aws:s3:::{name}/*"
    both = [allow("s3:GetObject", objects), allow("s3:PutObject", objects)]

    def answers(*statements: dict[str, Any]) -> list[str]:
        caller = Caller(aws, *both, *statements)
        written = caller.call("s3", "put_object", Bucket=name, Key="k", Body="x")
        part = caller.call("s3", "create_multipart_upload", Bucket=name, Key="k")
        read = caller.call("s3", "get_object", Bucket=name, Key="k")
        return [answer.partition(":")[0] for answer in (written, part, read)]

    assert answers() == ["AccessDenied"] * 3
    assert answers(allow("kms:GenerateDataKey", key)) == ["done", "AccessDenied", "AccessDenied"]
    assert answers(allow("kms:Decrypt", key)) == ["AccessDenied", "AccessDenied", "done"]
    assert answers(allow("kms:*", key)) == ["done"] * 3


def test_a_listing_is_authorized_by_its_prefix(aws: Running, bucket: str) -> None:
    caller = Caller(aws, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", StringLike={"s3:prefix": "digits/*"}))
    assert caller.call("s3", "list_objects_v2", Bucket=bucket, Prefix="digits/keys") == "done"
    assert "AccessDenied" in caller.call("s3", "list_objects_v2", Bucket=bucket, Prefix="other/")
    assert "AccessDenied" in caller.call("s3", "list_objects_v2", Bucket=bucket)


def test_a_role_that_may_only_create_cannot_overwrite(aws: Running, bucket: str) -> None:
    objects = f"arn:aws:s3:::{bucket}/*"
    caller = Caller(aws, allow("s3:PutObject", objects, Null={"s3:if-none-match": "false"}))
    assert caller.call("s3", "put_object", Bucket=bucket, Key=unique("key"), Body="x", IfNoneMatch="*") == "done"
    assert "AccessDenied" in caller.call("s3", "put_object", Bucket=bucket, Key=unique("key"), Body="x")


def test_a_part_of_an_upload_creates_no_object(aws: Running, bucket: str) -> None:
    objects = f"arn:aws:s3:::{bucket}/*"
    caller = Caller(aws, allow("s3:PutObject", objects, Bool={"s3:ObjectCreationOperation": "false"}))
    assert caller.call("s3", "create_multipart_upload", Bucket=bucket, Key=unique("key")) == "done"
    assert "AccessDenied" in caller.call("s3", "put_object", Bucket=bucket, Key=unique("key"), Body="x")


def test_a_bucket_policy_applies_too_and_requests_count_as_encrypted_in_transit(aws: Running) -> None:
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    everything = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    insecure = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": everything}
    insecure["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    frozen = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{name}/frozen/*"}
    aws.client("s3").put_bucket_policy(Bucket=name, Policy=document(insecure, frozen))
    caller = Caller(aws, allow("s3:*", "*"))
    assert caller.call("s3", "put_object", Bucket=name, Key="free", Body="x") == "done"
    denied = caller.call("s3", "put_object", Bucket=name, Key="frozen/x", Body="x")
    assert "explicit deny in a resource-based policy" in denied


@pytest.mark.parametrize(("method", "arguments"), [("batch_get_builds", "ids"), ("stop_build", "id")])
def test_a_build_is_authorized_by_its_project(aws: Running, method: str, arguments: str) -> None:
    actions = f"codebuild:{''.join(part.title() for part in method.split('_'))}"
    caller = Caller(aws, allow(actions, "arn:aws:codebuild:us-east-1:123456789012:project/mine"))

    def asked(build: str) -> str:
        return caller.call("codebuild", method, **{arguments: [build] if arguments == "ids" else build})

    assert "AccessDenied" not in asked("mine:1")
    assert "AccessDenied" in asked("theirs:1")


def test_an_event_is_authorized_by_its_source_and_type(aws: Running) -> None:
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    conditions = {"events:source": "models", "events:detail-type": "Refused"}
    caller = Caller(aws, allow("events:PutEvents", bus, StringEquals=conditions))
    event = {"Source": "models", "DetailType": "Refused", "Detail": "{}"}

    assert caller.call("events", "put_events", Entries=[event]) == "done"
    assert "AccessDenied" in caller.call("events", "put_events", Entries=[event | {"Source": "others"}])
    assert "AccessDenied" in caller.call("events", "put_events", Entries=[event | {"DetailType": "Deleted"}])
    assert "AccessDenied" in caller.call("events", "put_events", Entries=[event, event | {"Source": "others"}])


def test_metrics_are_authorized_by_their_namespace(aws: Running) -> None:
    caller = Caller(aws, allow("cloudwatch:PutMetricData", "*", StringEquals={"cloudwatch:namespace": "Models"}))
    data = [{"MetricName": "Drifted", "Value": 1}]

    assert caller.call("cloudwatch", "put_metric_data", Namespace="Models", MetricData=data) == "done"
    assert "AccessDenied" in caller.call("cloudwatch", "put_metric_data", Namespace="Others", MetricData=data)


def test_a_role_that_may_send_one_message_may_send_several(aws: Running) -> None:
    queue = aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "x"}]
    sender = Caller(aws, allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:123456789012:{queue.rsplit('/', 1)[1]}"))
    assert sender.call("sqs", "send_message_batch", QueueUrl=queue, Entries=entries) == "done"
    assert "AccessDenied" in Caller(aws).call("sqs", "send_message_batch", QueueUrl=queue, Entries=entries)


def test_the_accounts_own_credentials_may_do_everything(aws: Running, bucket: str) -> None:
    assert aws.client("s3").get_object(Bucket=bucket, Key="digits/model")["Body"].read() == b"x"


def test_a_log_groups_arn_has_the_suffix_that_cloudformation_adds(aws: Running) -> None:
    group = unique("group")
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=group)
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
    event = {"timestamp": int(time.time() * 1000), "message": "hello"}
    stream = {"logGroupName": group, "logStreamName": "instance"}

    def written_by(resource: str) -> list[str]:
        caller = Caller(aws, allow("logs:CreateLogStream", resource), allow("logs:PutLogEvents", resource))
        answers = [caller.call("logs", "create_log_stream", **stream)]
        return [*answers, caller.call("logs", "put_log_events", **stream, logEvents=[event])]

    denied = written_by(arn)
    assert all(answer.startswith("AccessDeniedException: ") for answer in denied)
    assert f"on resource: {arn}:log-stream:instance" in denied[0]
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []

    assert written_by(f"{arn}:*") == ["done", "done"]
    assert [found["message"] for found in logs.get_log_events(**stream)["events"]] == ["hello"]


def test_every_judged_request_is_recorded_on_demand(tmp_path: Path) -> None:
    calls = tmp_path / "calls" / "judged.jsonl"
    with started(tmp_path, "--calls", str(calls)) as aws:
        aws.client("s3").create_bucket(Bucket="digits")
        assert calls.read_text() == "", "the account's requests are not judged"
        caller = Caller(aws, allow("s3:PutObject", "arn:aws:s3:::digits/*", Null={"s3:if-none-match": "false"}))
        assert caller.call("s3", "put_object", Bucket="digits", Key="one", Body="x", IfNoneMatch="*") == "done"
        assert "AccessDenied" in caller.call("s3", "put_object", Bucket="digits", Key="two", Body="x")
        found = [json.loads(line) for line in calls.read_text().splitlines()]

    first, second = (call for call in found if call["action"] == "s3:PutObject")
    assert (first["resource"], first["allowed"]) == ("arn:aws:s3:::digits/one", True)
    assert first["conditions"]["s3:if-none-match"] == "*"
    assert (second["resource"], second["allowed"]) == ("arn:aws:s3:::digits/two", False)
    assert first["role"] == second["role"] != ""


def test_what_the_roles_of_a_stack_may_do_is_recorded_once_it_is_deployed(tmp_path: Path) -> None:
    def template(statement: dict[str, Any], **more: Any) -> dict[str, Any]:
        trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = {"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
        caller = {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]}},
            "Metadata": {"aws:cdk:path": "Stack/Caller/Resource"},
        }
        attached = {**policy, "Roles": [{"Ref": "Caller"}]}
        return {"Caller": caller, "Policy": {"Type": "AWS::IAM::Policy", "Properties": attached}, **more}

    reads = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": {"Fn::Sub": "arn:aws:s3:::${AWS::StackName}/*"}}
    calls = tmp_path / "calls.jsonl"
    with started(tmp_path, "--calls", str(calls)) as aws:
        assert deploy(aws, "Digits", template(reads)) == "CREATE_COMPLETE"
        failing = {"Type": "AWS::Backup::BackupVault", "DependsOn": "Policy"}
        assert deploy(aws, "Digits", template({**reads, "Action": "s3:PutObject"}, Vault=failing)) != "UPDATE_COMPLETE"
        denied = {**reads, "Effect": "Deny"}
        assert deploy(aws, "Digits", template(denied)) == "UPDATE_COMPLETE"
        resources = aws.client("cloudformation").describe_stack_resources(StackName="Digits")["StackResources"]
    ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    found = [json.loads(line) for line in calls.read_text().splitlines()]

    of_stack = {"stack": "Digits", "resources": {ids["Caller"]: "Stack/Caller/Resource", ids["Policy"]: "Policy"}}
    allowed = {"Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::Digits/*"], "Condition": {}}
    assert found == [{**of_stack, "allowed": {ids["Caller"]: [allowed]}}, {**of_stack, "allowed": {ids["Caller"]: []}}]
