"""Finds and stops the builds of one project for a given key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from .. import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_codebuild.type_defs import BuildTypeDef

#: Number of a project's newest builds that are considered.
_NEWEST_BUILDS = 20


def running_builds(project: str, key: str | None = None) -> list[str]:
    """Return the IDs of a project's running or queued builds, newest first.

    Args:
        project: Name of the CodeBuild project.
        key: Only builds of this build key; None for all of the project.
    """
    return [
        build["id"]
        for build in _newest_builds(project)
        if build["buildStatus"] == "IN_PROGRESS" and (key is None or _key_of(build) == key)
    ]


def builds_since(project: str, key: str, since: float) -> list[str]:
    """Return the IDs of a key's builds that run or were started since a time, newest first.

    Args:
        project: Name of the CodeBuild project.
        key: The build key.
        since: The time, in seconds since 1970.
    """
    return [
        build["id"]
        for build in _newest_builds(project)
        if _key_of(build) == key and (build["buildStatus"] == "IN_PROGRESS" or build["startTime"].timestamp() >= since)
    ]


def stop_builds(project: str, key: str | None = None) -> None:
    """Stop a project's running builds, of one key or of all.

    Errors are only logged: nobody waits for the builds, and a deletion or rollback must not fail.
    """
    try:
        for build_id in running_builds(project, key):
            stop_build(build_id)
    except (ClientError, *aws.NO_ANSWER) as error:
        print(f"the builds of the project {project} could not be listed: {aws.words_of(error)}")


def stop_build(build_id: str) -> str:
    """Stop a build and return a clause that says whether that succeeded."""
    try:
        aws.codebuild().stop_build(id=build_id)
        result = "it was stopped"
    except (ClientError, *aws.NO_ANSWER) as error:
        result = f"it could not be stopped ({aws.words_of(error)})"
    print(f"the build {build_id} is not needed any more: {result}")
    return result


def _newest_builds(project: str) -> Iterator[BuildTypeDef]:
    # CodeBuild lists the newest first, but describes them in any order.
    ids = aws.codebuild().list_builds_for_project(projectName=project).get("ids", [])[:_NEWEST_BUILDS]
    builds = aws.codebuild().batch_get_builds(ids=ids)["builds"] if ids else []
    yield from sorted(builds, key=lambda build: ids.index(build["id"]))


def _key_of(build: BuildTypeDef) -> str | None:
    variables = build.get("environment", {}).get("environmentVariables", [])
    return next((variable["value"] for variable in variables if variable["name"] == "BUILD_KEY"), None)
