"""Starts, watches and stops a model's builds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import ClientError

from .. import aws
from ..errors import ModelError
from .denied_by_new_role import NEW_ROLE_SECONDS, failed_too_early
from .project_builds import builds_since, running_builds, stop_build

if TYPE_CHECKING:
    from mypy_boto3_codebuild.type_defs import BuildTypeDef

Variables: TypeAlias = dict[str, str]

#: Maximum time that a deployment can wait for a build, including the queue.
LONGEST_BUILD_MINUTES = 55
#: Minimum time for the build within the project's limit for the queue.
_SHORTEST_BUILD_MINUTES = 5
_GRACE_MINUTES = 1
#: Pause between the request for a build and its first restart.
_FIRST_PAUSE_SECONDS = 15

#: Reason for a build that waits, and what the user can do.
QUOTA_ADVICE = (
    "the account runs no more builds of its kind at once: deploy fewer models at the same time, or ask Service Quotas "
    "for a higher CodeBuild quota of concurrently running builds for its computeType"
)


def start_build(project: str, prefix: str, key: str, token: str, variables: Variables | None = None) -> str | None:
    """Return the ID of a running or new build of one key; None if the account has no capacity yet.

    A deployment without rollback may leave a build running, and the next one needs the same key.

    Args:
        project: Name of the CodeBuild project.
        prefix: The model's prefix in its bucket.
        key: The build key, whose job.json is already written.
        token: CloudFormation's ID of this request: a repeated event must not start a second build.
        variables: More environment variables of the build.
    """
    try:
        running = aws.patiently(lambda: running_builds(project, key))
        if running:
            print(f"the build {running[0]} with the key {key} runs already: the deployment waits for it")
            return running[0]
        return aws.patiently(lambda: _ask(project, prefix, key, token, variables), _may_pass)
    except (ClientError, *aws.NO_ANSWER) as error:
        raise ModelError(f"the build of the project {project} cannot be started: {aws.words_of(error)}") from error


def start_later(  # noqa: PLR0913, PLR0917 - a build, and its time
    project: str, prefix: str, key: str, token: str, since: int, variables: Variables | None = None
) -> str | None:
    """Start or find the build that had to wait for capacity; None if it still has to wait.

    CodeBuild forgets a token after five minutes, and polls share no state.

    Args:
        project: As for `start_build`.
        prefix: As for `start_build`.
        key: As for `start_build`.
        token: As for `start_build`.
        since: Time of the first request, in seconds since 1970.
        variables: As for `start_build`.
    """
    known = builds_since(project, key, since)
    return known[0] if known else _ask(project, prefix, key, token, variables)


def restart(  # noqa: PLR0913, PLR0917 - a build, and its time
    failed: BuildTypeDef, prefix: str, key: str, token: str, since: int, variables: Variables | None = None
) -> str | None:
    """Return the newest build that replaces one that its role's age ended; None while the next one has to wait.

    Each replacement waits twice as long as the one before. After five minutes, or any other failure, there is none.

    Args:
        failed: The first build, which failed.
        prefix: As for `start_build`.
        key: As for `start_build`.
        token: As for `start_build`.
        since: As for `start_later`.
        variables: As for `start_build`.
    """
    project = failed["projectName"]
    known = builds_since(project, key, since)
    newest = known[0] if known else failed["id"]
    build = failed if newest == failed["id"] else find_build(newest)
    if build is None or not failed_too_early(build, since):
        return newest
    pause = _FIRST_PAUSE_SECONDS * 2 ** max(len(known) - 1, 0)
    if pause > NEW_ROLE_SECONDS:
        return newest
    if time.time() < since + pause:
        return None
    print(f"the build {newest} was denied access before its first command, as happens with a new role: it is restarted")
    return _ask(project, prefix, key, f"{token}-{len(known)}", variables)


def _ask(project: str, prefix: str, key: str, token: str, variables: Variables | None) -> str | None:
    values = {"MODEL_PREFIX": prefix, "BUILD_KEY": key, **(variables or {})}
    try:
        answer = aws.codebuild().start_build(
            projectName=project,
            idempotencyToken=token,
            environmentVariablesOverride=[
                {"name": name, "value": value, "type": "PLAINTEXT"} for name, value in values.items()
            ],
        )
    except ClientError as error:
        if aws.code_of(error) != "AccountLimitExceededException":
            raise
        if "more than 0 builds" in aws.sentence_of(error):
            # The quota of a new account, which does not grow by waiting.
            raise ModelError(
                f"the build of the project {project} cannot be started: CodeBuild lets this account run 0 builds on "
                "its machine, which may be fewer than Service Quotas shows for a new account: set computeType to a "
                "smaller one, such as ComputeType.SMALL for a small model, or ask AWS Support for the quota of "
                "concurrently running builds"
            ) from error
        print(f"the build waits: {aws.sentence_of(error)}")
        return None
    return answer["build"]["id"]


def find_build(build_id: str) -> BuildTypeDef | None:
    """Return CodeBuild's description of a build; None if CodeBuild does not know it (yet)."""
    builds = aws.codebuild().batch_get_builds(ids=[build_id])["builds"]
    return builds[0] if builds else None


def refuse_if_overdue(project: str, started: float) -> None:
    """Fail if the build could not be started in time."""
    if time.time() >= started + 60 * (LONGEST_BUILD_MINUTES + _GRACE_MINUTES):
        raise ModelError(
            f"the build of the project {project} could not be started in {LONGEST_BUILD_MINUTES} minutes, because "
            f"{QUOTA_ADVICE}"
        )


def stop_if_overdue(build_id: str, build: BuildTypeDef | None, started: float) -> None:
    """Stop a build that exceeded its time, and say so.

    Args:
        build_id: The build.
        build: CodeBuild's description of it.
        started: Time of the handler's request, in seconds since 1970.
    """
    queued = build.get("queuedTimeoutInMinutes", LONGEST_BUILD_MINUTES) if build else LONGEST_BUILD_MINUTES
    minutes = min(queued + _SHORTEST_BUILD_MINUTES, LONGEST_BUILD_MINUTES) + _GRACE_MINUTES
    if time.time() < started + 60 * minutes:
        return
    stopped = stop_build(build_id)
    late = f"the build {build_id} had not ended {minutes} minutes after it was asked for, and {stopped}"
    if build and build.get("currentPhase") == "QUEUED":
        raise ModelError(f"{late}; it was still in the queue, because {QUOTA_ADVICE}")
    waited = _minutes_waited(build, started)
    if waited >= _SHORTEST_BUILD_MINUTES:
        raise ModelError(f"{late}; for {waited} minutes of them it waited, because {QUOTA_ADVICE}")
    raise ModelError(
        f"{late}: use a larger computeType or less evaluation data, or optimize and publish from the command line and "
        "serve the result with ModelArtifact.fromBucket"
    )


def note_queue(build: BuildTypeDef, since: float) -> None:
    """Log how long a build has been queued, and its limit. CodeBuild does not report a position in the queue."""
    if build.get("currentPhase") in {"SUBMITTED", "QUEUED"}:
        minutes, most = (
            int(max(0.0, time.time() - since) // 60),
            build.get("queuedTimeoutInMinutes", LONGEST_BUILD_MINUTES),
        )
        print(
            f"the build {build['id']} has been in phase QUEUED for {minutes} of at most {most} minutes: {QUOTA_ADVICE}"
        )


def _minutes_waited(build: BuildTypeDef | None, started: float) -> int:
    """Return the minutes between the request for a build and its start, including the queue."""
    phases = build.get("phases", []) if build else []
    ends = [
        phase["endTime"].timestamp() for phase in phases if phase.get("phaseType") == "QUEUED" and "endTime" in phase
    ]
    return int(max(0.0, max(ends, default=started) - started) // 60)


def _may_pass(error: Exception) -> bool:
    """Tell whether an error may come from a new role or policy, or from throttling."""
    if aws.is_transient(error):
        return True
    if not isinstance(error, ClientError):
        return False
    said = str(error.response.get("Error", {}).get("Message", "")).lower()
    return aws.is_denied(error) or (
        aws.code_of(error) == "InvalidInputException"
        and ("assumerole" in said or "not authorized" in said or "service role" in said)
    )
