"""New roles and policies, which are not effective everywhere in AWS yet."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from .. import aws

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

#: Seconds after the request for a build in which a denial may come from a new role or policy.
NEW_ROLE_SECONDS = 300
#: Phases before a build's own commands, which use its role's permissions.
_FIRST_PHASES = {"SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"}
_DENIALS = ("accessdenied", "access denied", "not authorized", "forbidden", "status code: 403", "assumerole")


def may_be_too_new(error: Exception, since: float) -> bool:
    """Tell whether AWS may have denied a request only because the calling role is new.

    Args:
        error: The request's exception.
        since: Time when the deployment requested the build, in seconds since 1970.
    """
    return isinstance(error, ClientError) and aws.is_denied(error) and time.time() < since + NEW_ROLE_SECONDS


def failed_too_early(build: BuildTypeDef, since: float) -> bool:
    """Tell whether a build failed because its role was new: access was denied before its first command.

    Args:
        build: CodeBuild's description of the build.
        since: Time when the deployment requested the build, in seconds since 1970.
    """
    if build["buildStatus"] not in {"FAILED", "FAULT"}:
        return False
    if "endTime" in build and build["endTime"].timestamp() >= since + NEW_ROLE_SECONDS:
        return False
    said = [
        context.get("message", "").lower()
        for phase in build.get("phases", [])
        if phase.get("phaseType") in _FIRST_PHASES and phase.get("phaseStatus", "SUCCEEDED") != "SUCCEEDED"
        for context in phase.get("contexts", [])
    ]
    return any(denial in message for message in said for denial in _DENIALS)
