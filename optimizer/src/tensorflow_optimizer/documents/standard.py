"""Documents whose format is a public standard."""

from __future__ import annotations

from typing import Any

from .document import Document


class StandardDocument(Document):
    """A document whose format has no null: absent members are left out."""

    def to_data(self) -> dict[str, Any]:
        """Return plain data with the names that the document has on disk."""
        data: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return data
