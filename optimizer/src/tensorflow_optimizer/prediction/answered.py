"""Rows with their answers, and the class that each decides for."""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from ..documents.job import ModelTask
from ..errors import BadInputError
from ..evaluation.tasks import infer_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..runners.runner import Arrays


@dataclass(frozen=True)
class Top:
    """The class with the greatest score."""

    name: str | int
    """Name, or number where there are no names."""
    score: np.floating[Any] | float


@dataclass(frozen=True)
class Row:
    """A row and its answer."""

    number: int
    """From 1."""
    outputs: dict[str, Any]
    """Value of each output: an array, a number or bytes."""
    tops: dict[str, Top]
    """The class of each output that scores classes."""
    labels: dict[str, Any]
    """Labels of the data by output, as they were given."""
    file: str | None = None
    """Name of the image."""


@dataclass
class Decisions:
    """Outputs that score classes, as the first answers show it."""

    names: list[str] | None
    """Names of the classes, in the order of the output."""
    scored: list[str] | None = field(default=None, init=False)
    """Outputs with a score for each class; None before the first answers."""

    def find(self, answers: Arrays) -> list[str]:
        """Return the outputs that score classes.

        Raises:
            BadInputError: There are names of classes, and no output has as many scores.
        """
        if self.scored is None:
            tasks = infer_tasks(answers, {}, {}, self.names)
            self.scored = [
                name
                for name, task in tasks.items()
                if task.task is ModelTask.MULTICLASS and not task.indices and answers[name].ndim == 2
            ]
            sizes = {name: answers[name].shape[1] for name in self.scored}
            if self.names and len(self.names) not in sizes.values():
                raise BadInputError(
                    f"there are {len(self.names)} names of classes, and no output has as many scores: "
                    f"{', '.join(f'{name!r} has {value.shape[1:]}' for name, value in answers.items())}"
                )
        return self.scored

    def top(self, scores: NDArray[Any]) -> Top | None:
        """Return the class with the greatest score; None if a score is no number."""
        if np.isnan(scores).any():
            return None
        number = int(scores.argmax())
        named = self.names is not None and len(self.names) == len(scores)
        return Top(self.names[number] if self.names and named else number, scores[number])


def rows_of(
    first: int, dataset: Dataset, decisions: Decisions, files: Sequence[str] | None, answers: Arrays
) -> list[Row]:
    """Return rows with their answers.

    Args:
        first: Number of the first one.
        dataset: The rows.
        decisions: The outputs that score classes.
        files: Names of the images that the rows are; None where they are none.
        answers: The outputs, dimension 0 being the row.
    """
    scored = decisions.find(answers)
    labels = {name: value for name, value in dataset.labels.items() if len(value) == dataset.count}
    rows = []
    for place in range(dataset.count):
        outputs = {name: value[place] for name, value in answers.items()}
        tops = {name: top for name in scored if (top := decisions.top(outputs[name])) is not None}
        given = {name: value[place] for name, value in labels.items()}
        rows.append(Row(first + place, outputs, tops, given, files[place] if files else None))
    return rows


def as_json(document: Mapping[str, Any]) -> str:
    r"""Return a document with arrays as a line of ASCII, in which nothing can move a terminal's cursor.

    NaN and the infinities, which are no numbers of JSON, are the texts that Protocol Buffers have for them.

    >>> as_json({"a": np.array([0.1, np.nan], np.float32), "b": b"caf\xc3\xa9", "c": b"\xff"})
    '{"a":[0.1,"NaN"],"b":"caf\\u00e9","c":{"b64":"/w=="}}'
    """
    text = orjson.dumps(_plain(document), option=orjson.OPT_SERIALIZE_NUMPY).decode()
    if not text.isascii():
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    return text.replace("\x7f", "\\u007f")


def row_document(row: Row) -> dict[str, Any]:
    """Return a row as a document."""
    return {
        "row": row.number,
        **({"file": row.file} if row.file is not None else {}),
        **({"labels": row.labels} if row.labels else {}),
        "outputs": row.outputs,
        **classes_of(row),
    }


def classes_of(row: Row) -> dict[str, Any]:
    """Return the member with the classes of a row's document, if an output scores classes."""
    classes = {name: {"class": top.name, "score": top.score} for name, top in row.tops.items()}
    return {"classes": classes} if classes else {}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if not isinstance(value, (list, np.ndarray)):
        return _plain_scalar(value)
    if isinstance(value, np.ndarray):
        usual = value.ndim and value.dtype.kind in "biuf" and value.dtype.itemsize in {1, 4, 8}
        if usual and (value.dtype.kind != "f" or np.isfinite(value).all()):
            return np.ascontiguousarray(value)
        if not value.ndim:
            return _plain_scalar(value[()])
    return [_plain(entry) for entry in value]


def _plain_scalar(value: Any) -> Any:
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"b64": base64.b64encode(value).decode("ascii")}
    # NumPy's text, which orjson does not know.
    return str(value) if isinstance(value, np.str_) else value
