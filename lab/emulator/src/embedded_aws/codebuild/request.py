"""Merges a project with the overrides of a StartBuild request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# StartBuild's overrides of plain members of a project or of one of its parts.
_PART_OVERRIDES = {
    "sourceTypeOverride": ("source", "type"),
    "sourceLocationOverride": ("source", "location"),
    "buildspecOverride": ("source", "buildspec"),
    "environmentTypeOverride": ("environment", "type"),
    "imageOverride": ("environment", "image"),
    "computeTypeOverride": ("environment", "computeType"),
    "privilegedModeOverride": ("environment", "privilegedMode"),
}
_OVERRIDES = {
    "sourceVersion": "sourceVersion",
    "secondarySourcesOverride": "secondarySources",
    "artifactsOverride": "artifacts",
    "secondaryArtifactsOverride": "secondaryArtifacts",
    "serviceRoleOverride": "serviceRole",
    "timeoutInMinutesOverride": "timeoutInMinutes",
    "queuedTimeoutInMinutesOverride": "queuedTimeoutInMinutes",
    "encryptionKeyOverride": "encryptionKey",
    "logsConfigOverride": "logsConfig",
    "cacheOverride": "cache",
}


@dataclass(frozen=True)
class BuildRequest:
    """A project as one build sees it.

    Attributes:
        project: the project, overridden; in the API's own form.
    """

    project: dict[str, Any]

    @property
    def environment_variables(self) -> list[dict[str, str]]:
        """Name, value and type of each variable; an override replaces one of the same name."""
        variables: list[dict[str, str]] = self.project["environment"].get("environmentVariables") or []
        return variables

    @property
    def timeout_seconds(self) -> int:
        """Time after which the build is ended."""
        return 60 * max(1, int(self.project.get("timeoutInMinutes") or 60))

    @property
    def log_group(self) -> tuple[str, str | None]:
        """The log group and, when the project sets one, the prefix of the stream."""
        logs = (self.project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        return logs.get("groupName") or f"/aws/codebuild/{self.project['name']}", logs.get("streamName")


def build_request(project: dict[str, Any], overrides: dict[str, Any]) -> BuildRequest:
    """Applies a StartBuild request to its project.

    Args:
        project: MiniStack's record.
        overrides: the body of the request.
    """
    merged = dict(project)
    for override, name in _OVERRIDES.items():
        if override in overrides:
            merged[name] = overrides[override]
    for part in ("source", "environment"):
        merged[part] = dict(merged.get(part) or {})
    for override, (part, name) in _PART_OVERRIDES.items():
        if override in overrides:
            merged[part][name] = overrides[override]
    variables = {variable["name"]: variable for variable in merged["environment"].get("environmentVariables") or []}
    variables.update({variable["name"]: variable for variable in overrides.get("environmentVariablesOverride") or []})
    merged["environment"]["environmentVariables"] = [
        {"type": "PLAINTEXT", **variable} for variable in variables.values()
    ]
    return BuildRequest(merged)
