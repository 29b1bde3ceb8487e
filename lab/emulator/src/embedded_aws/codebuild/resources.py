"""CodeBuild's resources: projects, and report groups, which are records because no reports are collected."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import codebuild
from ministack.services.cloudformation import provisioners

PROJECT = "AWS::CodeBuild::Project"
REPORT_GROUP = "AWS::CodeBuild::ReportGroup"

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


def apply_project(name: str, properties: dict[str, Any]) -> None:
    """Sets the properties that MiniStack drops."""
    project = codebuild._projects[name]
    for prop, member in _MEMBERS.items():
        if prop in properties:
            project[member] = provisioners._codebuild_cfn_to_api(properties[prop])


def create_report_group(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    """Gives a report group its ARN."""
    name = properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=128)
    arn = f"arn:aws:codebuild:{get_region()}:{get_account_id()}:report-group/{name}"
    return arn, {"Arn": arn}


def update_report_group(physical_id: str, *_: Any) -> tuple[str, dict[str, str]]:
    """Keeps the ARN."""
    return physical_id, {"Arn": physical_id}


def delete_report_group(*_: Any) -> None:
    """Nothing is kept of a report group but its ARN."""
