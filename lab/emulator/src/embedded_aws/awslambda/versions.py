"""Publishes a version only of what is not published already.

MiniStack compares revisions of the function, and every update makes another one. AWS compares code and configuration:
a function that was changed and changed back, or changed twice to the same, is not published again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable

# Fields of a function's record that say when it changed and in which state it is, not what it is.
_UNVERSIONED_FIELDS = {
    "FunctionArn",
    "LastModified",
    "LastUpdateStatus",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "RevisionId",
    "State",
    "StateReason",
    "StateReasonCode",
    "Version",
}
_PUBLISHED = "embedded_aws_published"


def same_as_published(function: dict[str, Any]) -> str | None:
    """The number of a function's last version, where the function is still what was published."""
    latest = max(function["versions"], key=int, default=None)
    if latest is None or function["versions"][latest].get(_PUBLISHED) != _state(function):
        return None
    return str(latest)


def other_code(function: dict[str, Any], expected: dict[str, Any]) -> str | None:
    """Returns AWS's sentence where the function's code is not the code that is expected.

    Args:
        function: MiniStack's record.
        expected: its `CodeSha256`, where there is one, is compared.
    """
    wanted, found = expected.get("CodeSha256"), function["config"].get("CodeSha256")
    if not wanted or wanted == found:
        return None
    return (
        f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({found}). "
        "Please try again with the CodeSHA256 in $LATEST."
    )


def of_changes_only(original: Callable[..., Any]) -> Callable[..., Any]:
    """Makes PublishVersion return the last version while code and configuration are still the same."""

    def publish(name: str, data: dict[str, Any]) -> Any:
        function = lambda_svc._functions.get(name)
        if function is None:
            return original(name, data)
        wrong = other_code(function, data)
        if wrong:
            return error_response_json("InvalidParameterValueException", wrong, 400)
        latest = same_as_published(function)
        if latest is not None:
            return json_response(function["versions"][latest]["config"], 201)
        answer = original(name, data)
        function["versions"][max(function["versions"], key=int)][_PUBLISHED] = _state(function)
        return answer

    return publish


def _state(function: dict[str, Any]) -> str:
    lasting = {name: value for name, value in function["config"].items() if name not in _UNVERSIONED_FIELDS}
    return json.dumps(lasting, sort_keys=True, default=str)
