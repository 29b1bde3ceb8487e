"""CodeBuild report groups: records, because the embedded AWS collects no reports."""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import provisioners

from embedded_aws.patching import rely_on

TYPE = "AWS::CodeBuild::ReportGroup"


def install() -> None:
    """Adds the type, which MiniStack lacks."""
    rely_on(provisioners, "_physical_name")
    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": _create, "update": _update, "delete": _delete}


def _create(logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
    name = properties.get("Name") or provisioners._physical_name(stack, logical_id, max_len=128)
    arn = f"arn:aws:codebuild:{get_region()}:{get_account_id()}:report-group/{name}"
    return arn, {"Arn": arn}


def _update(physical_id: str, *_: Any) -> tuple[str, dict[str, str]]:
    return physical_id, {"Arn": physical_id}


def _delete(*_: Any) -> None:
    """Nothing is kept of a report group but its ARN."""
