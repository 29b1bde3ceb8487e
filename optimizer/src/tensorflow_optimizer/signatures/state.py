"""Detects signatures that change the model's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .idle_writes import remove_idle_writes
from .operators import is_writer, operators_of

if TYPE_CHECKING:
    from .spec import SignatureSpec


def state_writers(meta_graph: Any, signature: SignatureSpec) -> list[str]:
    """Return the operators by which one call of `signature` may change a later answer, sorted."""
    writers = all_writers(meta_graph, signature)
    if writers:
        active = type(meta_graph).FromString(meta_graph.SerializeToString())
        writers = all_writers(active, signature) if remove_idle_writes(active) else writers
    return writers


def all_writers(meta_graph: Any, signature: SignatureSpec) -> list[str]:
    """Return the operators that change a variable, a table or a queue, sorted; no answer may depend on some."""
    return sorted(filter(is_writer, operators_of(meta_graph, signature)))
