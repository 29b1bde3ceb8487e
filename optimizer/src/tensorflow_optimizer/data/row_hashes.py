"""Finds equal rows of a stream in bounded memory, by hashes, and in which parts of the job's split they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .splits import part_of_each

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Most hashes that are kept, each with its row in 16 bytes.
_MAXIMUM = 1 << 22
#: Most rows whose parts are drawn: the draw takes 9 bytes for each.
_MOST_DRAWN = 1 << 24


@dataclass(frozen=True)
class EqualRows:
    """Rows that are equal to another one, in one of 2^n rows if there are more rows than hashes may be kept."""

    looked_at: int
    """Number of rows whose hashes were kept."""
    equal: int
    """Number of them that are equal to another one."""
    across: int | None
    """Number of them that are equal to one in another part; None if there are too many rows to draw the parts."""


class RowHashes:
    """Hashes of rows. Equal rows have equal hashes, so that a share of the hashes has a share of the equal rows.

    Args:
        maximum: Most hashes to keep.
    """

    def __init__(self, maximum: int = _MAXIMUM) -> None:
        self._maximum = maximum
        self._kept: list[tuple[NDArray[np.uint64], NDArray[np.int64]]] = []
        self._mask = np.uint64(0)
        self._count = 0
        self._rows = 0
        self._factors: dict[str, NDArray[np.uint64]] = {}

    def add(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Add rows, all inputs of which are in the types of the model."""
        hashes: NDArray[np.uint64] = _mixed(sum(self._hashes(name, value) for name, value in inputs.items()))
        rows = np.arange(self._rows, self._rows + len(hashes))
        self._rows += len(hashes)
        self._keep(hashes, rows)
        while self._count > self._maximum:
            self._mask = (self._mask << np.uint64(1)) | np.uint64(1)
            before, self._kept, self._count = self._kept, [], 0
            for entry in before:
                self._keep(*entry)

    def equal_rows(self, seed: int) -> EqualRows:
        """Return what was found, for a job with this seed that calibrates, selects and trains."""
        if not self._kept:
            return EqualRows(0, 0, 0)
        hashes, rows = (np.concatenate(arrays) for arrays in zip(*self._kept, strict=True))
        order = np.argsort(hashes, kind="stable")
        hashes, rows = hashes[order], rows[order]
        starts = np.flatnonzero(np.concatenate(([True], hashes[1:] != hashes[:-1])))
        sizes = np.diff(np.concatenate((starts, [len(hashes)])))
        equal = int(sizes[sizes > 1].sum())
        if self._rows > _MOST_DRAWN:
            return EqualRows(len(hashes), equal, None)
        parts = part_of_each(self._rows, seed)[rows]
        differ = np.minimum.reduceat(parts, starts) != np.maximum.reduceat(parts, starts)
        return EqualRows(len(hashes), equal, int(sizes[differ].sum()))

    def _keep(self, hashes: NDArray[np.uint64], rows: NDArray[np.int64]) -> None:
        if self._mask:
            chosen = (hashes & self._mask) == 0
            hashes, rows = hashes[chosen], rows[chosen]
        if len(hashes):
            self._kept.append((hashes, rows))
            self._count += len(hashes)

    def _hashes(self, name: str, value: NDArray[Any]) -> NDArray[np.uint64]:
        rows = value.reshape(len(value), -1)
        if rows.dtype == object:
            return np.array([hash(tuple(row)) for row in rows.tolist()], np.int64).view(np.uint64)
        octets = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)
        words = np.zeros((len(rows), -(-octets.shape[1] // 8) * 8), np.uint8)
        words[:, : octets.shape[1]] = octets
        numbers = _mixed(words.view(np.uint64))
        if name not in self._factors:
            random = np.random.default_rng([len(self._factors), 48])
            drawn = np.frombuffer(random.bytes(8 * numbers.shape[1]), np.uint64)
            self._factors[name] = drawn | np.uint64(1)
        hashes: NDArray[np.uint64] = (numbers * self._factors[name]).sum(axis=1, dtype=np.uint64)
        return hashes


def _mixed(numbers: Any) -> NDArray[np.uint64]:
    """Let each bit depend on many, as the end of SplitMix64 does."""
    mixed: NDArray[np.uint64] = np.array(numbers, np.uint64)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
