"""Refusal of roles that are seconds old, which CloudFormation reports as a failure and does not try again."""

from __future__ import annotations

from typing import Any

from embedded_aws.iam.age import is_new

_DESTINATIONS = ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration")


def check_stream(properties: dict[str, Any], delay: float) -> None:
    """Refuses a stream whose role Firehose cannot assume yet.

    Raises:
        ValueError: AWS's sentence.
    """
    for name in _DESTINATIONS:
        role = properties.get(name, {}).get("RoleARN", "")
        if is_new(role, delay):
            raise ValueError(f"Firehose is unable to assume role {role}. Please check the role provided.")


def check_filter(properties: dict[str, Any], delay: float) -> None:
    """Refuses a filter whose role may not write to its stream yet: CloudWatch Logs tries it.

    Raises:
        ValueError: AWS's sentence.
    """
    if is_new(properties.get("RoleArn", ""), delay):
        raise ValueError(
            "Could not deliver test message to specified Firehose stream. "
            "Check if the given Firehose stream is in ACTIVE state."
        )
