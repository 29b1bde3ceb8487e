"""Says what is wrong or suspect about labels, in a stream: classes that are missing, and their order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from .classes import check_class_labels, class_count, numbers_classes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..signatures import TensorSpec
    from .problems import Problems

#: Most different labels that are counted. Where there are more, they are no classes.
_MAXIMUM = 10_000
_LISTED = 10


class LabelStatistics:
    """Labels of one output.

    Args:
        output: The output's name.
        spec: The output.
        class_names: Names of the classes, in the order of the output.
    """

    def __init__(self, output: str, spec: TensorSpec, class_names: list[str] | None) -> None:
        self._output = output
        self._spec = spec
        self._names = class_names
        self._rows = 0
        self._counts: Counter[Any] | None = Counter()
        self._changes = 0
        self._last: Any = None
        #: Rows that show whether the labels may be classes: the least, the greatest, and one between classes.
        self._edges: list[NDArray[Any]] = []

    def add(self, labels: NDArray[Any]) -> None:
        """Add labels, numbers or text."""
        self._rows += len(labels)
        if labels.dtype.kind in "biuf" and labels.size:
            self._add_edges(labels)
        single = labels.reshape(len(labels), -1)
        if self._counts is None or single.shape[1] != 1:
            self._counts = None
            return
        values = single[:, 0]
        found, counts = np.unique(values, return_counts=True)
        self._counts.update(dict(zip(found.tolist(), counts.tolist(), strict=True)))
        self._changes += int(np.count_nonzero(values[1:] != values[:-1]))
        if self._last is not None:
            self._changes += bool(values[0] != self._last)
        self._last = values[-1]
        if len(self._counts) > _MAXIMUM:
            self._counts = None

    def check(self, problems: Problems) -> None:
        """Add a problem for labels that cannot be the classes of the output."""
        if self._edges:
            check_class_labels(self._output, self._spec, np.concatenate(self._edges), problems, rows=self._rows)

    def warnings(self, file: str) -> Iterator[str]:
        """Yield what is suspect, a sentence each."""
        if not self._counts:
            return
        classes = class_count(self._spec)
        if classes is not None and self._edges and numbers_classes(self._spec, self._edges[0].shape):
            missing = [number for number in range(classes) if number not in self._counts]
            if missing and len(missing) < classes:
                listed = ", ".join(self._name(number) for number in missing[:_LISTED])
                more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
                yield (
                    f"{file}: {len(missing)} of {classes} classes of the output {self._output!r} have no row "
                    f"({listed}{more}); nothing can be said of them"
                )
        groups = len(self._counts)
        if 1 < groups <= self._rows // 2 and self._changes + 1 == groups:
            yield (
                f"{file}: the rows are ordered by the labels of the output {self._output!r}; a job draws its parts at "
                "random, but whatever takes the first rows sees few classes: shuffle them"
            )

    def _name(self, number: int) -> str:
        return f"{number} {self._names[number]!r}" if self._names and number < len(self._names) else str(number)

    def _add_edges(self, labels: NDArray[Any]) -> None:
        flat = labels.reshape(len(labels), -1)
        chosen = [int(flat.min(axis=1).argmin()), int(flat.max(axis=1).argmax())]
        if labels.dtype.kind == "f":
            chosen += np.flatnonzero((np.mod(flat, 1) != 0).any(axis=1))[:1].tolist()
        if not self._edges or self._edges[0].shape[1:] == labels.shape[1:]:
            self._edges.append(labels[chosen])
        if len(self._edges) > 64:
            kept, self._edges = np.concatenate(self._edges), []
            self._add_edges(kept)
