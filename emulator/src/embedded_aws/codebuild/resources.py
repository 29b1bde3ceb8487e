"""CodeBuild projects of a template: the properties that MiniStack drops."""

from __future__ import annotations

from typing import Any

from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

from embedded_aws.cloudformation.wrapping import after
from embedded_aws.patching import rely_on

_MEMBERS = {
    "SecondarySources": "secondarySources",
    "SecondaryArtifacts": "secondaryArtifacts",
    "LogsConfig": "logsConfig",
    "VpcConfig": "vpcConfig",
    "Cache": "cache",
    "QueuedTimeoutInMinutes": "queuedTimeoutInMinutes",
    "ConcurrentBuildLimit": "concurrentBuildLimit",
    "EncryptionKey": "encryptionKey",
    "TimeoutInMinutes": "timeoutInMinutes",
}


def install() -> None:
    """Completes projects."""
    rely_on(provisioners, "_codebuild_cfn_to_api")
    after("AWS::CodeBuild::Project", _apply)


def _apply(name: str, properties: dict[str, Any]) -> None:
    project = codebuild._projects[name]
    for prop, member in _MEMBERS.items():
        if prop in properties:
            project[member] = provisioners._codebuild_cfn_to_api(properties[prop])
