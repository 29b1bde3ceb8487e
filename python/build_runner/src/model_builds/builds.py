"""Starting, watching and stopping a model's builds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from . import aws
from .errors import ModelError

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

#: A new role is not known everywhere at once.
_ROLE_PATIENCE_SECONDS = 60
_ROLE_POLL_SECONDS = 5
#: What a deployment can wait for, the queue included. The project's own limits add up to no more.
LONGEST_BUILD_MINUTES = 55
_GRACE_MINUTES = 1


def start_build(project: str, prefix: str, key: str, token: str) -> str:
    """Start the build of one key and return its id.

    Args:
        project: Name of the CodeBuild project.
        prefix: The model's prefix in its bucket.
        key: The build key, whose job.json is written already.
        token: CloudFormation's id of this request: events come twice, and must not start two builds.
    """
    deadline = time.monotonic() + _ROLE_PATIENCE_SECONDS
    while True:
        try:
            answer = aws.codebuild().start_build(
                projectName=project,
                idempotencyToken=token,
                environmentVariablesOverride=[
                    {"name": "MODEL_PREFIX", "value": prefix, "type": "PLAINTEXT"},
                    {"name": "BUILD_KEY", "value": key, "type": "PLAINTEXT"},
                ],
            )
        except (ClientError, *aws.NO_ANSWER) as error:
            if not _may_pass(error) or time.monotonic() >= deadline:
                raise ModelError(f"the build of the project {project} cannot be started: {_words_of(error)}") from error
            time.sleep(_ROLE_POLL_SECONDS)
        else:
            return answer["build"]["id"]


def find_build(build_id: str) -> BuildTypeDef | None:
    """Return what CodeBuild knows of a build; None where it does not know it (yet)."""
    builds = aws.codebuild().batch_get_builds(ids=[build_id])["builds"]
    return builds[0] if builds else None


def stop_if_overdue(build_id: str, build: BuildTypeDef | None, started: float) -> None:
    """Stop a build that should have ended by itself, and say so.

    Args:
        build_id: The build.
        build: What CodeBuild knows of it.
        started: When the handler started it, in seconds since 1970.
    """
    limits: dict[str, Any] = dict(build or {})
    allowed = limits.get("timeoutInMinutes", LONGEST_BUILD_MINUTES) + limits.get("queuedTimeoutInMinutes", 0)
    minutes = min(allowed, LONGEST_BUILD_MINUTES) + _GRACE_MINUTES
    if time.time() < started + 60 * minutes:
        return
    try:
        aws.codebuild().stop_build(id=build_id)
        stopped = "it was stopped"
    except (ClientError, *aws.NO_ANSWER) as error:
        stopped = f"it could not be stopped ({_words_of(error)})"
    raise ModelError(
        f"the build {build_id} had not ended {minutes} minutes after it was asked for, and {stopped}: use a larger "
        "computeType or less evaluation data, or optimize and publish from the command line and serve the result with "
        "ModelArtifact.fromBucket"
    )


def _may_pass(error: Exception) -> bool:
    """Tell whether an error may come from a role or policy that is too new, or from too many requests."""
    if aws.is_transient(error):
        return True
    if not isinstance(error, ClientError):
        return False
    code = aws.code_of(error)
    said = str(error.response.get("Error", {}).get("Message", "")).lower()
    return code in {"AccessDeniedException", "AccessDenied"} or (
        code == "InvalidInputException" and ("assumerole" in said or "not authorized" in said or "service role" in said)
    )


def _words_of(error: Exception) -> str:
    return aws.sentence_of(error) if isinstance(error, ClientError) else str(error)
