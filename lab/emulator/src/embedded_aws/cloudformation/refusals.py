"""Refuses the resource types that the embedded AWS does not make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


class Handlers(dict[str, dict[str, Any]]):
    """MiniStack's handlers of the supported types; every other AWS type has one that fails.

    Without one MiniStack would refuse the whole template before anything happens, or record the resource as made
    without making it. On AWS the type exists: so the stack begins, that resource fails, and the stack rolls back.
    """

    def __contains__(self, resource_type: object) -> bool:
        return isinstance(resource_type, str) and resource_type.startswith("AWS::")

    def __getitem__(self, resource_type: str) -> dict[str, Any]:
        handler: dict[str, Any] | None = self.get(resource_type)
        if handler is None:
            raise KeyError(resource_type)
        return handler

    def get(self, resource_type: str, default: Any = None) -> Any:
        """The handler of a type."""
        found = super().get(resource_type)
        if found is not None:
            return found
        return _refusing(resource_type) if resource_type in self else default


def _refusing(resource_type: str) -> dict[str, Callable[..., Any]]:
    def refuse(*_: Any) -> NoReturn:
        raise ValueError(
            f"the emulator does not support {resource_type}: lab/emulator/README.md lists what it makes; "
            "deploy this stack to an AWS account instead",
        )

    def nothing(*_: Any) -> None:
        """Deletes nothing."""

    return {"create": refuse, "update": refuse, "delete": nothing}
