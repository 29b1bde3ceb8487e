"""Events of S3 for EventBridge, with the version of the object."""

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version", default=None)


def remembering_version(original: Callable[..., None]) -> Callable[..., None]:
    """Keeps the version of the object while its event is made."""

    def fire(*given: Any, version_id: str | None = None, **more: Any) -> None:
        token = _version.set(version_id)
        try:
            original(*given, version_id=version_id, **more)
        finally:
            _version.reset(token)

    return fire


def with_version(original: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `version-id`, which S3 gives for buckets that keep versions."""

    def dispatch(event: dict[str, Any], *more: Any, **named: Any) -> Any:
        version = _version.get()
        if event.get("Source") == "aws.s3" and version is not None:
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return original(event, *more, **named)

    return dispatch
