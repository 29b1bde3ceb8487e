"""Describes a parameter of an SSM type by its name and its value, as CloudFormation does; MiniStack has no name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import handlers

if TYPE_CHECKING:
    from collections.abc import Callable

    Handler = Callable[[dict[str, Any]], tuple[int, dict[str, str], bytes]]

_PARAMETER = re.compile(r"(<ParameterKey>([^<]*)</ParameterKey><ParameterValue>)([^<]*)</ParameterValue>")


def with_resolved_values(table: dict[str, Handler]) -> dict[str, Handler]:
    """Let the description of one stack name its SSM parameters."""
    describe = table["DescribeStacks"]

    def describing(params: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = describe(params)
        stack = handlers._resolve_stack(handlers._p(params, "StackName")) or {}
        known = stack.get("_resolved_params", {})

        def named(found: re.Match[str]) -> str:
            name = known.get(found[2], {}).get("SsmName")
            return (
                found[0]
                if name is None
                else f"{found[1]}{handlers._esc(name)}</ParameterValue><ResolvedValue>{found[3]}</ResolvedValue>"
            )

        return status, headers, _PARAMETER.sub(named, body.decode()).encode() if status == 200 else body

    # The dictionary itself: other modules of MiniStack hold it.
    table["DescribeStacks"] = describing
    return table
