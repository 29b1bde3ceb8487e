"""The original model, loaded, before it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runners import Runner
    from ..signatures import SignatureSpec

_BATCH = 32


@dataclass(frozen=True)
class EvaluatedSignature:
    """A signature as evaluation sees it."""

    spec: SignatureSpec
    batched: bool | None
    """True if dimension 0 is the batch; None: the data decides (SavedModels only)."""
    shapes: dict[str, list[int]] | None


@dataclass(frozen=True)
class Subject:
    """The original, loaded, and what is known before it runs."""

    runner: Runner
    default: str
    signatures: dict[str, EvaluatedSignature]
    """All signatures to publish."""
    size_bytes: int
    stateful: bool = False
    """Variables change between calls; the runner puts them back before each."""
    one_row_at_a_time: bool = False
    """The platform serves single rows: no answer may depend on the batch."""

    @property
    def batch(self) -> int:
        """Rows of one call: each row of a stateful model starts from the saved state."""
        return 1 if self.stateful else _BATCH
