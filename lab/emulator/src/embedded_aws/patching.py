"""Replaces names inside MiniStack, and keeps a list of them.

A replacement that no longer finds its target must fail at the start and not silently leave MiniStack's own
behavior in place: that would turn a test green that proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

_WRONG = "this is not the ministack that the embedded AWS was made for"

_replaced: list[str] = []
_used: list[str] = []


class PatchError(RuntimeError):
    """MiniStack has no such name."""


def replace(module: ModuleType, name: str, make: Callable[[Any], Any]) -> None:
    """Replaces `module.name` by what `make` returns for the original.

    Args:
        module: the MiniStack module that holds the name.
        name: what to replace.
        make: takes the original and returns its replacement.

    Raises:
        PatchError: the module has no such name.
    """
    if not hasattr(module, name):
        raise PatchError(f"{module.__name__} has no {name}: {_WRONG}")
    setattr(module, name, make(getattr(module, name)))
    _replaced.append(f"{module.__name__}.{name}")


def rely_on(module: ModuleType, *names: str) -> None:
    """States that this package uses internals of a MiniStack module as they are.

    Args:
        module: the MiniStack module.
        names: internals of the module.

    Raises:
        PatchError: one of them is missing.
    """
    for name in names:
        if not hasattr(module, name):
            raise PatchError(f"{module.__name__} has no {name}: {_WRONG}")
        _used.append(f"{module.__name__}.{name}")


def used_names() -> list[str]:
    """Every internal name used as it is, as `module.name`."""
    return sorted(set(_used))


def replaced_names() -> list[str]:
    """Every name replaced so far, as `module.name`."""
    return sorted(set(_replaced))
