"""Names of the SDK for Java, which Step Functions uses for members and errors, instead of those on the wire."""

from __future__ import annotations

import datetime as dt
from typing import Any

_PREFIXES = {
    "cloudformation": "CloudFormation",
    "cloudwatchlogs": "CloudWatchLogs",
    "codebuild": "CodeBuild",
    "dynamodb": "DynamoDb",
    "eventbridge": "EventBridge",
    "secretsmanager": "SecretsManager",
}


def prefix_of(service: str) -> str:
    """The name of a service in front of its errors."""
    return _PREFIXES.get(service, service.capitalize())


def error_name(prefix: str, code: str, modelled: dict[str, str]) -> str:
    """The name of an error: of its class where the action declares it, else the service's general one.

    Args:
        prefix: of the service.
        code: from the answer.
        modelled: names of the errors that the action declares, by code.
    """
    name = modelled.get(code)
    if name is None:
        return f"{prefix}.{prefix}Exception"
    return f"{prefix}.{name.removesuffix('Fault').removesuffix('Exception')}Exception"


def from_sdk(shape: Any, value: Any) -> Any:
    """Renames the members of a request: `ExecutionArn` becomes `executionArn` where the service calls it so.

    A member that the service does not know stays, and is refused with all others.
    """
    if value is None or shape is None:
        return value
    if shape.type_name == "structure" and isinstance(value, dict):
        known = {name[:1].upper() + name[1:]: name for name in shape.members}
        return {
            known.get(name, name): from_sdk(shape.members.get(known.get(name, name)), each)
            for name, each in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [from_sdk(shape.member, each) for each in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: from_sdk(shape.value, each) for name, each in value.items()}
    return value


def to_sdk(shape: Any, value: Any) -> Any:
    """Renames the members of an answer, and writes times as text."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if shape is None:
        return value
    if shape.type_name == "structure":
        return {name[:1].upper() + name[1:]: to_sdk(shape.members.get(name), each) for name, each in value.items()}
    if shape.type_name == "list":
        return [to_sdk(shape.member, each) for each in value]
    if shape.type_name == "map":
        return {name: to_sdk(shape.value, each) for name, each in value.items()}
    return value
