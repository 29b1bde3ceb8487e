"""Detects signatures that change the model's state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .operators import operators_of

if TYPE_CHECKING:
    from .spec import SignatureSpec

#: Operators that write a variable or a table. The graph also shows writes that a trial run would not reach.
_WRITERS = frozenset(
    {
        "Assign",
        "AssignAdd",
        "AssignSub",
        "AssignVariableOp",
        "AssignAddVariableOp",
        "AssignSubVariableOp",
        "LookupTableInsert",
        "LookupTableInsertV2",
        "LookupTableRemoveV2",
        "QueueEnqueueV2",
        "QueueDequeueV2",
    }
)
_WRITER_PREFIXES = ("ResourceScatter", "ScatterAdd", "ScatterUpdate", "ResourceApply", "ResourceStridedSliceAssign")


def state_writers(meta_graph: Any, signature: SignatureSpec) -> list[str]:
    """Return the operators by which one call of `signature` changes the next call, sorted."""
    operators = operators_of(meta_graph, signature)
    return sorted(name for name in operators if name in _WRITERS or name.startswith(_WRITER_PREFIXES))
