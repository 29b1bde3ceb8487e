"""Actions of IAM for what CloudFormation does with a resource: one of each, of the many that its handlers need."""

from __future__ import annotations

CREATE, UPDATE, DELETE = "Create", "Update", "Delete"

#: Services that IAM calls otherwise than CloudFormation.
_PREFIXES = {
    "ApiGatewayV2": "apigateway",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
    "KinesisFirehose": "firehose",
    "StepFunctions": "states",
}
#: Actions that have other verbs or nouns than their type, for types that a delivery's update changes.
_ACTIONS = {
    ("AWS::Lambda::Version", CREATE): "lambda:PublishVersion",
    ("AWS::Lambda::Version", DELETE): "lambda:DeleteFunction",
    ("AWS::Lambda::LayerVersion", CREATE): "lambda:PublishLayerVersion",
    ("AWS::Lambda::Function", UPDATE): "lambda:UpdateFunctionConfiguration",
    ("AWS::AutoScaling::AutoScalingGroup", UPDATE): "autoscaling:UpdateAutoScalingGroup",
    ("AWS::EC2::LaunchTemplate", UPDATE): "ec2:CreateLaunchTemplateVersion",
    ("AWS::SSM::Parameter", CREATE): "ssm:PutParameter",
    ("AWS::SSM::Parameter", UPDATE): "ssm:PutParameter",
    ("AWS::IAM::Policy", CREATE): "iam:PutRolePolicy",
    ("AWS::IAM::Policy", UPDATE): "iam:PutRolePolicy",
    ("AWS::IAM::Policy", DELETE): "iam:DeleteRolePolicy",
}
#: Types that are no resources of a service.
_NOTHING = ("AWS::CDK::", "AWS::CloudFormation::Wait")


def action_of(kind: str, verb: str) -> str | None:
    """Returns the action that stands for an operation of a resource; None where there is nothing to judge."""
    if kind.startswith("Custom::") or kind == "AWS::CloudFormation::CustomResource":
        return "lambda:InvokeFunction"
    if kind.startswith(_NOTHING):
        return None
    service, noun = kind.split("::")[1:3]
    return _ACTIONS.get((kind, verb), f"{_PREFIXES.get(service, service.lower())}:{verb}{noun}")
