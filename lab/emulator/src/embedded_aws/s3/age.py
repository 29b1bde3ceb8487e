"""Makes objects appear older than they are, for what depends on their age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def older_by(seconds: float) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Dates everything that S3 stores this long ago.

    Args:
        seconds: how much older it appears.
    """

    def replacement(original: Callable[[], str]) -> Callable[[], str]:
        def now() -> str:
            text = original()
            moment = datetime.fromisoformat(text) - timedelta(seconds=seconds)
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")

        return now

    return replacement
