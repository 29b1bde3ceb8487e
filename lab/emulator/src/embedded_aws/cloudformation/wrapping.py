"""Adds to what MiniStack does for a resource type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

Properties = dict[str, Any]


def add(resource_type: str, **handlers: Any) -> None:
    """Sets the handlers of a type, which MiniStack lacks or makes without an effect.

    Args:
        resource_type: `AWS::…`.
        handlers: `create`, `update` and `delete`, as MiniStack calls them.
    """
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers


def around(resource_type: str, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replaces one handler of a type by what `make` returns for it."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    handler[name] = make(handler[name])


def before(resource_type: str, check: Callable[[Properties], None]) -> None:
    """Runs a check before a resource is made or changed; its ValueError becomes the resource's failure."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler.get("update")

    def checked_create(logical_id: str, properties: Properties, stack: str) -> Any:
        check(properties)
        return create(logical_id, properties, stack)

    handler["create"] = checked_create
    if update:

        def checked_update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
            check(new)
            return update(physical_id, old, new, *rest)

        handler["update"] = checked_update


def after(resource_type: str, act: Callable[[str, Properties], None]) -> None:
    """Calls a function after a resource was created or changed, with its physical ID and properties."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler.get("update")

    def extended_create(logical_id: str, properties: Properties, stack: str) -> Any:
        result = create(logical_id, properties, stack)
        act(result[0], properties)
        return result

    handler["create"] = extended_create
    if update:

        def extended_update(physical_id: str, old: Properties, new: Properties, *rest: Any) -> Any:
            result = update(physical_id, old, new, *rest)
            act(result[0], new)
            return result

        handler["update"] = extended_update


def before_delete(resource_type: str, check: Callable[[str], None]) -> None:
    """Runs a check before a resource is deleted, with its physical id."""
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    delete = handler["delete"]

    def checked_delete(physical_id: str, properties: Properties, *rest: Any) -> Any:
        check(physical_id)
        return delete(physical_id, properties, *rest)

    handler["delete"] = checked_delete
