"""CloudFormation: stricter than MiniStack, so that what passes here passes on AWS."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from embedded_aws.cloudformation import supported
from support import archive, invoke, role, unique

if TYPE_CHECKING:
    from running import Running


def deploy(aws: Running, name: str, resources: dict[str, Any], **outputs: Any) -> str:
    """Creates or updates a stack, waits, and gives its status."""
    client = aws.client("cloudformation")
    body = {"Resources": resources, "Outputs": {key: {"Value": value} for key, value in outputs.items()}}
    known = [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
    change = client.update_stack if name in known else client.create_stack
    change(StackName=name, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    return settled(aws, name)


def settled(aws: Running, name: str) -> str:
    client = aws.client("cloudformation")
    while True:
        status: str = client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if not status.endswith("IN_PROGRESS"):
            return status
        time.sleep(0.05)


def test_a_stack_keeps_its_execution_role_until_another_one_is_named(aws: Running) -> None:
    client, first, second = aws.client("cloudformation"), role(aws, "cloudformation"), role(aws, "cloudformation")
    name, body = unique("WithRole"), {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}

    def described() -> str | None:
        return client.describe_stacks(StackName=name)["Stacks"][0].get("RoleARN")

    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    settled(aws, name)
    assert described() is None

    for number, (named, expected) in enumerate(
        [({"RoleARN": first}, first), ({}, first), ({"RoleARN": second}, second)]
    ):
        body["Resources"][f"Topic{number}"] = {"Type": "AWS::SNS::Topic"}
        client.update_stack(StackName=name, TemplateBody=json.dumps(body), **named)
        assert settled(aws, name) == "UPDATE_COMPLETE"
        assert described() == expected


def test_a_parameter_of_an_ssm_type_is_described_by_its_name_and_by_the_value_of_the_last_deployment(
    aws: Running,
) -> None:
    client, ssm, name = aws.client("cloudformation"), aws.client("ssm"), unique("stack")
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}"}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Source"}}}
    body = {"Parameters": {"Source": parameter}, "Resources": {"Topic": topic}}

    def described() -> list[dict[str, str]]:
        found: list[dict[str, str]] = client.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
        return found

    ssm.put_parameter(Name=f"/{name}", Value="<one>", Type="String")
    client.create_stack(StackName=name, TemplateBody=json.dumps(body))
    settled(aws, name)
    ssm.put_parameter(Name=f"/{name}", Value="two", Type="String", Overwrite=True)
    assert described() == [{"ParameterKey": "Source", "ParameterValue": f"/{name}", "ResolvedValue": "<one>"}]

    given = [{"ParameterKey": "Source", "UsePreviousValue": True}]
    client.update_stack(StackName=name, UsePreviousTemplate=True, Parameters=given)
    settled(aws, name)
    assert described() == [{"ParameterKey": "Source", "ParameterValue": f"/{name}", "ResolvedValue": "two"}]


def reasons(aws: Running, name: str) -> str:
    events = aws.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events if "FAILED" in event["ResourceStatus"])


def outputs_of(aws: Running, name: str) -> dict[str, str]:
    found = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["Outputs"]
    return {output["OutputKey"]: output["OutputValue"] for output in found}


def code(aws: Running, files: dict[str, str | bytes]) -> dict[str, str]:
    """An archive in a bucket, as a template names it."""
    s3, bucket = aws.client("s3"), unique("code")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="c.zip", Body=archive(files))["VersionId"]
    return {"S3Bucket": bucket, "S3Key": "c.zip", "S3ObjectVersion": version}


def function_resource(aws: Running, content: dict[str, str], **properties: Any) -> dict[str, Any]:
    base = {"Runtime": "python3.13", "Handler": "index.handler", "Role": role(aws, "lambda.amazonaws.com")}
    return {"Type": "AWS::Lambda::Function", "Properties": {**base, "Code": content, **properties}}


def test_a_layer_is_made_from_the_object_version_in_the_template(aws: Running) -> None:
    content = code(aws, {"x.txt": "pinned"})
    aws.client("s3").put_object(Bucket=content["S3Bucket"], Key="c.zip", Body=archive({"x.txt": "newer"}))
    source = code(aws, {"index.py": "def handler(e, c): return open('/opt/x.txt').read()"})
    name = unique("stack")
    resources = {
        "Layer": {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}},
        "Function": function_resource(aws, source, Layers=[{"Ref": "Layer"}]),
    }
    assert deploy(aws, name, resources, Name={"Ref": "Function"}) == "CREATE_COMPLETE"
    assert invoke(aws, outputs_of(aws, name)["Name"]) == ("pinned", False)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"S3Key": "no-such-key.zip"}, "The specified version does not exist."),
        ({"S3Key": "no-such-key.zip", "S3ObjectVersion": None}, "The specified key does not exist."),
        ({"S3ObjectVersion": "no-such-version"}, "The specified version does not exist."),
        ({"S3Bucket": "no-such-bucket"}, "no-such-bucket"),
    ],
)
def test_a_layer_from_a_missing_object_fails(aws: Running, changed: dict[str, str | None], sentence: str) -> None:
    given = {**code(aws, {"x.txt": "x"}), **changed}
    content = {name: value for name, value in given.items() if value}
    name = unique("stack")
    layer = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content}}
    assert deploy(aws, name, {"Layer": layer}) == "ROLLBACK_COMPLETE"
    assert sentence in reasons(aws, name)


def test_a_function_from_a_missing_object_or_a_broken_archive_fails(aws: Running) -> None:
    name = unique("stack")
    missing = {**code(aws, {"index.py": ""}), "S3Key": "missing.zip"}
    assert deploy(aws, name, {"Function": function_resource(aws, missing)}) == "ROLLBACK_COMPLETE"
    assert "NoSuchKey" in reasons(aws, name)

    broken = code(aws, {"index.py": ""})
    version = aws.client("s3").put_object(Bucket=broken["S3Bucket"], Key="c.zip", Body=b"no archive")["VersionId"]
    name = unique("stack")
    resource = function_resource(aws, {**broken, "S3ObjectVersion": version})
    assert deploy(aws, name, {"Function": resource}) == "ROLLBACK_COMPLETE"
    assert "Could not unzip uploaded file" in reasons(aws, name)


def test_too_many_layers_and_too_many_bytes_fail(aws: Running) -> None:
    source = code(aws, {"index.py": "x"})
    small = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": code(aws, {"x": "x"})}}
    layers = {f"Layer{number}": small for number in range(6)}
    function = function_resource(aws, source, Layers=[{"Ref": name} for name in layers])
    name = unique("stack")
    assert deploy(aws, name, {**layers, "Function": function}) == "ROLLBACK_COMPLETE"
    assert "Cannot reference more than 5 layers, got 6." in reasons(aws, name)

    big = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": code(aws, {"zeros": bytes(262_144_000)})}}
    name = unique("stack")
    function = function_resource(aws, source, Layers=[{"Ref": "Layer"}])
    assert deploy(aws, name, {"Layer": big, "Function": function}) == "ROLLBACK_COMPLETE"
    assert "The actual size is 262144001 bytes." in reasons(aws, name)


def test_a_new_logical_id_publishes_a_new_version_and_an_unchanged_function_none(aws: Running) -> None:
    name = unique("stack")

    def resources(source: dict[str, str], version: str) -> dict[str, Any]:
        return {
            "Function": function_resource(aws, source),
            version: {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}},
            "Alias": {
                "Type": "AWS::Lambda::Alias",
                "Properties": {
                    "FunctionName": {"Ref": "Function"},
                    "Name": "live",
                    "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
                },
            },
        }

    first = code(aws, {"index.py": "def handler(e, c): return ['one', c.function_version]"})
    assert deploy(aws, name, resources(first, "VersionA"), Name={"Ref": "Function"}) == "CREATE_COMPLETE"
    function = outputs_of(aws, name)["Name"]
    assert invoke(aws, function, Qualifier="live") == (["one", "1"], False)
    second = code(aws, {"index.py": "def handler(e, c): return ['two', c.function_version]"})
    assert deploy(aws, name, resources(second, "VersionB"), Name={"Ref": "Function"}) == "UPDATE_COMPLETE"
    assert invoke(aws, function, Qualifier="live") == (["two", "2"], False)


@pytest.mark.parametrize(
    ("policy", "status"), [("Retain", "UPDATE_ROLLBACK_COMPLETE"), ("RetainExceptOnCreate", "UPDATE_COMPLETE")]
)
def test_a_repaired_update_succeeds_only_if_its_failed_version_was_deleted(
    aws: Running, policy: str, status: str
) -> None:
    name = unique("stack")
    content = code(aws, {"index.py": "def handler(e, c): pass"})
    function = function_resource(aws, content)
    missing = {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": {**content, "S3Key": "no-such-key"}}}

    def resources(memory: int, version: str, **more: Any) -> dict[str, Any]:
        published = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Function"}}}
        return {
            "Function": {**function, "Properties": {**function["Properties"], "MemorySize": memory}},
            version: {**published, "DeletionPolicy": policy},
            **more,
        }

    assert deploy(aws, name, resources(256, "VersionA")) == "CREATE_COMPLETE"
    failing = resources(512, "VersionB", Failing={**missing, "DependsOn": "VersionB"})
    assert deploy(aws, name, failing) == "UPDATE_ROLLBACK_COMPLETE"
    assert deploy(aws, name, resources(512, "VersionB")) == status
    exists = "A version for this Lambda function exists ( 2 ). Modify the function to create a new version."
    assert (exists in reasons(aws, name)) == (policy == "Retain")


@pytest.mark.parametrize(
    ("policies", "stays"),
    [
        ({}, False),
        ({"DeletionPolicy": "Retain"}, False),
        ({"UpdateReplacePolicy": "Retain"}, True),
        ({"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}, True),
    ],
)
def test_a_replacement_stays_after_its_rollback_only_by_an_update_replace_policy(
    aws: Running, policies: dict[str, str], stays: bool
) -> None:
    name, ssm = unique("stack"), aws.client("ssm")
    layer = {"Content": {"S3Bucket": unique("missing"), "S3Key": "no-such-key"}}
    failing = {"Failing": {"Type": "AWS::Lambda::LayerVersion", "Properties": layer, "DependsOn": "Parameter"}}

    def resources(version: int, **more: Any) -> dict[str, Any]:
        properties = {"Name": f"/{name}/{version}", "Type": "String", "Value": str(version)}
        return {"Parameter": {"Type": "AWS::SSM::Parameter", "Properties": properties, **policies}, **more}

    assert deploy(aws, name, resources(1)) == "CREATE_COMPLETE"
    assert deploy(aws, name, resources(2, **failing)) == "UPDATE_ROLLBACK_COMPLETE"
    left = [parameter["Name"] for parameter in ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"]]
    assert sorted(left) == [f"/{name}/1", f"/{name}/2"][: 1 + stays]


def test_a_bucket_that_holds_objects_is_not_deleted(aws: Running) -> None:
    name = unique("stack")
    properties = {"Tags": [{"Key": "k", "Value": "v"}], "VersioningConfiguration": {"Status": "Enabled"}}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": properties}
    assert deploy(aws, name, {"Bucket": bucket}, Name={"Ref": "Bucket"}) == "CREATE_COMPLETE"
    s3, place = aws.client("s3"), outputs_of(aws, name)["Name"]
    assert s3.get_bucket_tagging(Bucket=place)["TagSet"] == [{"Key": "k", "Value": "v"}]
    version = s3.put_object(Bucket=place, Key="k", Body=b"x")["VersionId"]
    aws.client("cloudformation").delete_stack(StackName=name)
    assert settled(aws, name) == "DELETE_FAILED"
    assert "is not empty" in reasons(aws, name)
    s3.delete_object(Bucket=place, Key="k", VersionId=version)
    aws.client("cloudformation").delete_stack(StackName=name)
    while name in [stack["StackName"] for stack in aws.client("cloudformation").describe_stacks()["Stacks"]]:
        time.sleep(0.05)
    assert place not in [found["Name"] for found in s3.list_buckets()["Buckets"]]


def test_a_projects_log_group_and_limits_reach_its_builds(aws: Running) -> None:
    group = unique("/builds")
    project = {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Source": {"Type": "NO_SOURCE", "BuildSpec": "version: 0.2\nphases: {build: {commands: ['true']}}"},
            "Artifacts": {"Type": "NO_ARTIFACTS"},
            "Environment": {"Type": "LINUX_CONTAINER", "Image": "x", "ComputeType": "BUILD_GENERAL1_SMALL"},
            "ServiceRole": role(aws, "codebuild.amazonaws.com"),
            "TimeoutInMinutes": 7,
            "QueuedTimeoutInMinutes": 6,
            "LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED", "GroupName": group}},
        },
    }
    name = unique("stack")
    assert deploy(aws, name, {"Project": project}, Name={"Ref": "Project"}) == "CREATE_COMPLETE"
    build = aws.client("codebuild").start_build(projectName=outputs_of(aws, name)["Name"])["build"]
    assert build["logs"]["groupName"] == group
    assert (build["timeoutInMinutes"], build["queuedTimeoutInMinutes"]) == (7, 6)


ANSWER = """
import json, urllib.request

def handler(event, context):
    names = ("StackId", "RequestId", "LogicalResourceId")
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "x", "Data": {"Text": ""}, **{n: event[n] for n in names}}
    if event["RequestType"] != "Delete":
        answer["Data"]["Text"] = "x" * (int(event["ResourceProperties"]["Bytes"]) - len(json.dumps(answer)))
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


@pytest.mark.parametrize(("size", "status"), [(4096, "CREATE_COMPLETE"), (4097, "ROLLBACK_COMPLETE")])
def test_a_custom_resource_may_answer_at_most_4096_bytes(aws: Running, size: int, status: str) -> None:
    name = unique("stack")
    properties = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Bytes": size}
    resources = {
        "Function": function_resource(aws, code(aws, {"index.py": ANSWER})),
        "Custom": {"Type": "Custom::Answer", "Properties": properties},
    }
    assert deploy(aws, name, resources) == status
    assert ("Response object is too long." in reasons(aws, name)) is (status == "ROLLBACK_COMPLETE")


def test_a_signal_to_a_settled_stack_is_refused(aws: Running) -> None:
    name = unique("stack")
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle", "Properties": {}}
    assert deploy(aws, name, {"Handle": handle}) == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="CREATE_COMPLETE state and cannot be signaled"):
        aws.client("cloudformation").signal_resource(
            StackName=name, LogicalResourceId="Handle", UniqueId="x", Status="SUCCESS"
        )


def test_types_without_an_effect_that_ministack_would_record_are_refused(aws: Running) -> None:
    for resource_type in ("AWS::EC2::FlowLog", "AWS::IAM::OIDCProvider", "AWS::EFS::FileSystem"):
        name = unique("stack")
        assert deploy(aws, name, {"X": {"Type": resource_type, "Properties": {}}}) == "ROLLBACK_COMPLETE"
        assert f"the emulator does not support {resource_type}" in reasons(aws, name)


def test_the_readme_lists_exactly_the_supported_types() -> None:
    from running import ROOT

    text = (ROOT / "lab" / "emulator" / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"`(AWS::[A-Za-z0-9:]+)`", text))
    assert listed == supported.SUPPORTED


def layer_resource(content: dict[str, str], **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::LayerVersion", "Properties": {"Content": content, **properties}}


def test_stacks_share_a_layer_whose_logical_id_is_the_same(aws: Running) -> None:
    name, content = unique("Layer").replace("-", ""), code(aws, {"x": "1"})
    first, other = unique("stack"), unique("stack")
    client = aws.client("lambda")

    for stack in (first, other):
        assert deploy(aws, stack, {name: layer_resource(content)}, Arn={"Ref": name}) == "CREATE_COMPLETE"

    arn = f"arn:aws:lambda:us-east-1:123456789012:layer:{name}"
    assert [outputs_of(aws, stack)["Arn"] for stack in (first, other)] == [f"{arn}:1", f"{arn}:2"]

    # Deleting by name, as a clean-up does, takes the versions that other stacks name with it.
    for version in client.list_layer_versions(LayerName=name)["LayerVersions"]:
        client.delete_layer_version(LayerName=name, VersionNumber=version["Version"])
    resources = {
        name: layer_resource(content),
        "Function": function_resource(aws, code(aws, {"index.py": ""}), Layers=[{"Ref": name}]),
    }
    assert deploy(aws, other, resources, Arn={"Ref": name}) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"{arn}:2" in reasons(aws, other)


@pytest.mark.parametrize("mode", ["REFERENCE", "LINK"])
def test_a_layer_that_is_not_copied_is_refused(aws: Running, mode: str) -> None:
    stack, content = unique("stack"), {**code(aws, {"x": "1"}), "S3ObjectStorageMode": mode}

    assert deploy(aws, stack, {"Layer": layer_resource(content)}) == "ROLLBACK_COMPLETE"

    assert f"does not support S3ObjectStorageMode {mode}" in reasons(aws, stack)
