"""Age of a role, whose policies take time to arrive in other services."""

from __future__ import annotations

from datetime import UTC, datetime

from ministack.services import iam


def is_new(arn: str, delay: float) -> bool:
    """Tells whether a role was made within so many seconds."""
    role = iam._roles.get(arn.rsplit("/", 1)[-1])
    return (
        role is not None
        and (datetime.now(UTC) - datetime.fromisoformat(str(role["CreateDate"]))).total_seconds() < delay
    )
