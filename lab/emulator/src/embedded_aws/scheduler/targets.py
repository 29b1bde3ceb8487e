"""Starts the builds of schedules and rules, which MiniStack leaves out."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from embedded_aws.clients import EmbeddedClients
from embedded_aws.iam.sessions import session_of
from embedded_aws.scheduler.schedules import is_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.settings import Settings

_log = logging.getLogger("embedded_aws.scheduler")


class Targets:
    """The targets that schedules and rules start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def starting_builds(self, original: Callable[..., None]) -> Callable[..., None]:
        """Starts a build where the target is a project; other targets are MiniStack's."""

        def invoke(target: dict[str, Any], event: dict[str, Any], *rest: Any, **named: Any) -> None:
            if is_project(str(target.get("Arn", ""))):
                self._start(target, str(event.get("Source", "")))
            else:
                original(target, event, *rest, **named)

        return invoke

    def _start(self, target: dict[str, Any], source: str) -> None:
        """Starts a build as the role of the target, so that IAM authorizes it."""
        _, _, _, region, _, project = target["Arn"].split(":", 5)
        credentials = session_of(target["RoleArn"], source.rpartition(".")[2] or "events")
        client = EmbeddedClients(self._settings, region, credentials).client("codebuild")
        try:
            client.start_build(projectName=project.removeprefix("project/"), **json.loads(target.get("Input") or "{}"))
        except ClientError as error:
            _log.warning("%s was not started: %s", target["Arn"], error)
