"""Says what is suspect about an input's values, which a build would accept: in a stream, by the values seen so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

#: Values of a sample from which whole numbers up to 255 look like pixels.
_PIXELS = 16
#: A float beyond it is seldom what a network was trained on.
_LARGE = 1000
_LISTED = 8


class InputStatistics:
    """Values of one input.

    Args:
        name: The input's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows = 0
        self._values = 0
        self._item: tuple[int, ...] = ()
        self._is_float = False
        self._found = {"NaN": 0, "infinite": 0}
        self._first: dict[str, tuple[int, int]] = {}
        self._low: NDArray[Any] | None = None
        self._high: NDArray[Any] | None = None
        self._whole = True

    def add(self, values: NDArray[Any]) -> None:
        """Add rows, in the type of the model; text is not looked at."""
        if values.dtype.kind not in "biuf" or not values.size:
            return
        rows = values.reshape(len(values), -1)
        self._is_float = values.dtype.kind == "f"
        self._item = values.shape[1:]
        low, high = self._edges(rows)
        self._rows += len(values)
        self._values += values.size
        if self._low is not None and self._high is not None:
            if self._low.size != low.size:
                # Samples of an open dimension differ in their size: keep the edges of all values.
                low = np.array([np.fmin.reduce(np.concatenate([self._low, low]))])
                high = np.array([np.fmax.reduce(np.concatenate([self._high, high]))])
            else:
                low, high = np.fmin(self._low, low), np.fmax(self._high, high)
        self._low, self._high = low, high
        if self._is_float and self._whole:
            self._whole = bool(np.array_equal(rows, np.floor(rows)))

    def warnings(self, file: str) -> Iterator[str]:
        """Yield what is suspect, a sentence each."""
        for kind, count in self._found.items():
            if count:
                row, column = self._first[kind]
                place = f", value {column}" if self._item and self._values > self._rows else ""
                yield (
                    f"{file}: {count:,} values of input {self._name!r} are {kind} ({count / self._values:.2%}), the "
                    f"first in row {row}{place}; answers to them are seldom numbers: fill them, or leave the rows out"
                )
        if self._low is None or self._high is None or self._rows < 2:
            return
        constant = np.flatnonzero(self._low == self._high)
        if constant.size == self._low.size:
            yield (
                f"{file}: input {self._name!r} is {self._low[0]:g} in all rows"
                if self._low.size == 1
                else (f"{file}: input {self._name!r} is the same in all rows")
            )
        elif constant.size and len(self._item) < 2:
            listed = ", ".join(map(str, constant[:_LISTED].tolist())) + ("…" if constant.size > _LISTED else "")
            yield (
                f"{file}: {constant.size} of {self._low.size} values of input {self._name!r} are the same in all rows: "
                f"{listed}, counted from 0"
            )
        yield from self._unscaled(file, float(np.nanmin(self._low)), float(np.nanmax(self._high)))

    def _edges(self, rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the least and the greatest value of each column that is finite; NaN where none is."""
        low, high = rows.min(axis=0), rows.max(axis=0)
        if not self._is_float or (np.isfinite(low).all() and np.isfinite(high).all()):
            return low, high
        for kind, wrong in (("NaN", np.isnan(rows)), ("infinite", np.isinf(rows))):
            count = int(np.count_nonzero(wrong))
            if count and kind not in self._first:
                row, column = divmod(int(np.argmax(wrong)), rows.shape[1])
                self._first[kind] = (self._rows + row + 1, column)
            self._found[kind] += count
        finite = np.isfinite(rows)
        some = finite.any(axis=0)
        least, greatest = np.where(finite, rows, np.inf).min(axis=0), np.where(finite, rows, -np.inf).max(axis=0)
        return np.where(some, least, np.nan), np.where(some, greatest, np.nan)

    def _unscaled(self, file: str, low: float, high: float) -> Iterator[str]:
        if not self._is_float or not np.isfinite([low, high]).all():
            return
        begin = f"{file}: input {self._name!r} goes from {low:g} to {high:g}"
        way_out = "if your program scales values before it sends them, scale them here too"
        if self._whole and low >= 0 and 32 < high <= 255 and self._low is not None and self._low.size >= _PIXELS:
            yield f"{begin} in whole numbers, as pixels do that are not divided by 255; {way_out}"
        elif max(abs(low), abs(high)) > _LARGE:
            yield f"{begin}, which looks unscaled; {way_out}"
