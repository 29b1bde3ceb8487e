"""CloudFormation works as the role of the stack, or else as who asked for the operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.cloudformation.actions import action_of
from running import started
from support import unique
from test_authorization import allow, document
from test_cloudformation import reasons, settled
from test_new_roles import as_role

if TYPE_CHECKING:
    from running import Running

QUEUE = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 10}}}}
CHANGED = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": 20}}}}


def limited(aws: Running, *statements: dict[str, Any]) -> str:
    """A role that the account may assume."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    name = unique("role")
    arn: str = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    aws.client("iam").put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


def update(aws: Running, caller: Any, stack: str, **named: str) -> str:
    caller.update_stack(StackName=stack, TemplateBody=json.dumps(CHANGED), **named)
    return settled(aws, stack)


def made(aws: Running, **named: str) -> str:
    stack = unique("stack")
    aws.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(QUEUE), **named)
    assert settled(aws, stack) == "CREATE_COMPLETE"
    return stack


def test_without_a_role_of_its_own_a_stack_is_updated_as_the_caller_who_may_not_change_its_resources(
    aws: Running,
) -> None:
    stack = made(aws)
    caller = as_role(aws, limited(aws, allow("cloudformation:*", "*")), "cloudformation")

    assert update(aws, caller, stack).startswith("UPDATE_ROLLBACK")

    assert "is not authorized to perform: sqs:UpdateQueue" in reasons(aws, stack)


def test_the_role_of_a_stack_counts_whoever_asks(aws: Running) -> None:
    caller = as_role(aws, limited(aws, allow("cloudformation:*", "*")), "cloudformation")

    assert update(aws, caller, made(aws, RoleARN=limited(aws, allow("sqs:*", "*")))) == "UPDATE_COMPLETE"


def test_a_role_that_may_not_make_a_resource_fails_its_stack(aws: Running) -> None:
    stack = unique("stack")
    role = limited(aws, allow("s3:*", "*"))
    aws.client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(QUEUE), RoleARN=role)

    assert settled(aws, stack) == "ROLLBACK_COMPLETE"
    assert f"{role.rsplit('/', 1)[1]}/AWSCloudFormation is not authorized" in reasons(aws, stack)


@pytest.mark.parametrize(
    ("kind", "verb", "action"),
    [
        ("AWS::Lambda::Version", "Create", "lambda:PublishVersion"),
        ("AWS::StepFunctions::StateMachine", "Update", "states:UpdateStateMachine"),
        ("Custom::TensorFlowModelBuild", "Delete", "lambda:InvokeFunction"),
        ("AWS::CDK::Metadata", "Create", None),
    ],
)
def test_one_action_stands_for_all(kind: str, verb: str, action: str | None) -> None:
    assert action_of(kind, verb) == action


def test_the_first_answer_after_an_update_may_be_the_one_from_before_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with started(tmp_path_factory.mktemp("embedded-aws"), "--stale-answers") as aws:
        stack = made(aws)
        client = aws.client("cloudformation")
        client.update_stack(StackName=stack, TemplateBody=json.dumps(CHANGED))

        assert client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
        assert settled(aws, stack) == "UPDATE_COMPLETE"
