"""Readiness of a build's service role: on AWS it is not ready until its policies have arrived."""

from __future__ import annotations

from typing import Any

from embedded_aws.iam.new_roles import age_of
from embedded_aws.iam.trust import trusts

SERVICE = "codebuild.amazonaws.com"


def why_not_usable(arn: str, roles: dict[str, Any]) -> str | None:
    """Return the reason why CodeBuild would refuse to start a build with a role.

    AWS refuses, or lets the build fail, while a role's policy is on its way. A template without a dependency on the
    policy passes or fails there by luck; here it always fails.

    Args:
        arn: of the service role.
        roles: IAM's, by name.

    Returns:
        AWS's sentence, or None when the role can be used.
    """
    role = roles.get(arn.rsplit("/", 1)[-1])
    refusal = f"CodeBuild is not authorized to perform: sts:AssumeRole on {arn}"
    if role is None or not trusts(role, SERVICE):
        return refusal
    if not role.get("InlinePolicies") and not role.get("AttachedPolicies"):
        return f"{refusal} (the role has no policy yet)"
    return None


def why_denied(arn: str, build_arn: str, delay: float) -> str | None:
    """Return the error of a build whose role has policies that have not arrived everywhere yet.

    Args:
        arn: of the service role.
        build_arn: of the build.
        delay: seconds that a new role's policies take.

    Returns:
        AWS's sentence, or None when the role is old enough.
    """
    if age_of(arn) >= delay:
        return None
    name, build = arn.rsplit("/", 1)[-1], build_arn.rsplit(":", 1)[-1]
    session = f"arn:aws:sts::{arn.split(':')[4]}:assumed-role/{name}/AWSCodeBuild-{build}"
    return (
        f"Service role {arn} does not allow AWS CodeBuild to create Amazon CloudWatch Logs log streams for build "
        f"{build_arn}. Error message: User: {session} is not authorized to perform: logs:CreateLogStream"
    )
