"""Names, shapes and types that a signature expects in its evaluation data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..signatures import SignatureSpec


@dataclass(frozen=True)
class ExpectedData:
    """A file, and the signature that it is for."""

    file: Path
    signature: SignatureSpec
    shapes: dict[str, list[int | None] | None]
    """The inputs' complete shapes, as far as they are known; None: of unknown rank."""
    batched: bool | None
    """True: dimension 0 of the inputs is the batch. None: the data's rank decides."""

    @classmethod
    def of(
        cls, file: Path, signature: SignatureSpec, given: dict[str, list[int]] | None, *, batched: bool | None
    ) -> ExpectedData:
        """Return what a signature expects, whose shapes may be given more specifically."""
        shapes: dict[str, list[int | None] | None] = {}
        for name, spec in signature.inputs.items():
            known = (given or {}).get(name, spec.shape)
            shapes[name] = None if known is None else list(known)
        return cls(file, signature, shapes, batched)

    @property
    def name(self) -> str:
        """Name of the file, for errors."""
        return self.file.name
