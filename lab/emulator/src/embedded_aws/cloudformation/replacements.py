"""Keeps or deletes what an update has made in place of another resource, when the update is rolled back.

MiniStack asks the `DeletionPolicy`, as for a resource that is new in the stack. CloudFormation asks the
`UpdateReplacePolicy`, which was measured on AWS: with `Retain` the replacement stays, outside of the stack. See
https://github.com/go-to-k/cdkd/issues/2598.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Async = Callable[..., Coroutine[Any, Any, Any]]

Record = dict[str, Any]

#: Identities of the definitions in the template of the update that is being rolled back.
_replacements: ContextVar[frozenset[int]] = ContextVar("replacements", default=frozenset())


def remembering_replacements(roll_back: Async) -> Async:
    """Remembers, while an update is rolled back, which of its resources replaced others."""

    async def rolling_back(name: str, stack_id: str, stack: Record, operation: Record, *rest: Any) -> Any:
        token = _replacements.set(_of(operation, stack.get("_resources") or {}))
        try:
            return await roll_back(name, stack_id, stack, operation, *rest)
        finally:
            _replacements.reset(token)

    return rolling_back


def with_replace_policy(policy_of: Callable[..., str]) -> Callable[..., str]:
    """Gives the policy of a replacement for its deletion in a rollback."""

    def policy(definition: Any, attribute: str, *rest: Any) -> str:
        decides = "UpdateReplacePolicy" if id(definition) in _replacements.get() else attribute
        return policy_of(definition, decides, *rest)

    return policy


def _of(operation: Record, resources: Record) -> frozenset[int]:
    before = (operation.get("previous_stack") or {}).get("_resources") or {}
    definitions = (operation.get("template") or {}).get("Resources") or {}
    replaced = [
        name
        for name in operation.get("created") or []
        if name in before
        and (name in operation["replaced_ids"] or _identity(before, name) != _identity(resources, name))
    ]
    return frozenset(id(definitions[name]) for name in replaced)


def _identity(resources: Record, name: str) -> Any:
    return (resources.get(name) or {}).get("PhysicalResourceId")
