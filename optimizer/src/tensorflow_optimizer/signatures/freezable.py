"""Says whether a SavedModel's variables can become constants, from its description alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .described import DescribedSignature

#: A graph is one Protocol Buffers message, which cannot be larger than 2 GB; half of it leaves room for the rest.
SIZE_LIMIT = 1 << 30


def freeze_problem(signatures: Iterable[DescribedSignature], *, has_tables: bool, size_bytes: int) -> str | None:
    """Return why a model must not be frozen, or None.

    Args:
        signatures: Those to keep.
        has_tables: It has vocabulary tables.
        size_bytes: Of its files.
    """
    if size_bytes >= SIZE_LIMIT:
        return f"it has {size_bytes:,} bytes, and a frozen graph can hold less than {SIZE_LIMIT:,}"
    for signature in signatures:
        if signature.all_writers:
            return f"its signature {signature.spec.name!r} changes its state ({', '.join(signature.all_writers)})"
    return "it has vocabulary tables, whose content is no constant" if has_tables else None
