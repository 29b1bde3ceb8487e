"""Answers once with a stack as it was before an update, as CloudFormation may: it is eventually consistent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import handlers

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]


def with_stale_answers(table: dict[str, Handler]) -> dict[str, Handler]:
    """Let the first question for a stack after each update get the answer from before it."""
    describe, update = table["DescribeStacks"], table["UpdateStack"]
    before: dict[str, tuple[int, dict[str, str], bytes]] = {}

    def updating(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        name = _id_of(params)
        known = describe({"StackName": [name]}) if name else None
        answer = update(params)
        if known is not None and answer[0] == 200:
            before[name] = known
        return answer

    def describing(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        return before.pop(_id_of(params), None) or describe(params)

    # The dictionary itself: other modules of MiniStack hold it.
    table["UpdateStack"], table["DescribeStacks"] = updating, describing
    return table


def _id_of(params: dict[str, Any]) -> str:
    """The id of the stack that a request names; an empty text where it names none."""
    return str((handlers._resolve_stack(handlers._p(params, "StackName")) or {}).get("StackId", ""))
