"""CodeBuild's answers to what the handlers ask."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from published_models import BUILD_ID, PROJECT

if TYPE_CHECKING:
    from botocore.stub import Stubber


def build(status: str, **more: Any) -> dict[str, Any]:
    return {
        "id": BUILD_ID,
        "arn": f"arn:aws:codebuild:eu-west-1:111122223333:build/{BUILD_ID}",
        "projectName": PROJECT,
        "buildStatus": status,
        "timeoutInMinutes": 45,
        "queuedTimeoutInMinutes": 50,
    } | more


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def of_key(key: str, when: float, build_id: str = BUILD_ID, status: str = "IN_PROGRESS", **more: Any) -> dict[str, Any]:
    """Return a build of one key that was started at a time, in seconds since 1970."""
    variables = {"type": "LINUX_CONTAINER", "image": "i", "computeType": "BUILD_GENERAL1_LARGE"} | {
        "environmentVariables": [{"name": "BUILD_KEY", "value": key}]
    }
    return build(status, id=build_id, startTime=at(when), environment=variables, **more)


def answered(codebuild: Stubber, *builds: dict[str, Any], build_id: str = BUILD_ID) -> None:
    """Expect a question for one build."""
    codebuild.add_response("batch_get_builds", {"builds": list(builds)}, {"ids": [build_id]})


def listed(codebuild: Stubber, *builds: dict[str, Any]) -> None:
    """Expect a question for the project's builds, the newest first."""
    ids = [entry["id"] for entry in builds]
    codebuild.add_response("list_builds_for_project", {"ids": ids} if ids else {}, {"projectName": PROJECT})
    if ids:
        codebuild.add_response("batch_get_builds", {"builds": list(builds)}, {"ids": ids})
