"""Makes CodeBuild execute builds, which MiniStack lets succeed without doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services import codebuild, iam
from ministack.services.cloudformation import provisioners

from embedded_aws.cloudformation.wrapping import add, after
from embedded_aws.codebuild import resources
from embedded_aws.codebuild.api import Builds, with_build_limit
from embedded_aws.patching import rely_on, replace

if TYPE_CHECKING:
    from embedded_aws.settings import Settings


def install(settings: Settings) -> Builds:
    """Replaces the API's calls and completes the resources.

    Returns:
        The builds, to be closed at the end.
    """
    builds = Builds(settings)
    rely_on(codebuild, "_projects", "_builds", "_build_arn", "_log_sink")
    rely_on(iam, "_roles")
    replace(codebuild, "_start_build", lambda _: builds.start)
    replace(codebuild, "_stop_build", lambda _: builds.stop)
    for name in ("_create_project", "_update_project"):
        replace(codebuild, name, with_build_limit)
    rely_on(provisioners, "_codebuild_cfn_to_api", "_physical_name")
    after(resources.PROJECT, resources.apply_project)
    add(
        resources.REPORT_GROUP,
        create=resources.create_report_group,
        update=resources.update_report_group,
        delete=resources.delete_report_group,
    )
    return builds
