"""Lists of a bucket's keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def complete_without_keys(original: Callable[..., Any]) -> Callable[..., Any]:
    """Calls a list complete whose caller wants no keys, as S3 does: MiniStack calls it truncated, without a token."""

    def collect(objects: dict[str, Any], prefix: str, delimiter: str, max_keys: int, start: str) -> Any:
        return original(objects, prefix, delimiter, max_keys, start) if max_keys else ([], [], False, "")

    return collect
