"""Checks evaluation data against a signature before anything is built, in the words of the build."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from .classes import check_class_labels
from .fit import check_chunks, check_headers
from .formats import Format, format_of_data
from .image_files import image_labels, list_images
from .labels import labels_for
from .npz import assign_arrays, load_arrays, read_headers
from .parquet_rows import count_rows
from .problems import Problems
from .read import READERS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from .expected import ExpectedData

#: Most bytes of labels that are read with the headers of an .npz file.
_LABEL_BYTES = 64 << 20


@dataclass
class DataCheck:
    """What was found in evaluation data."""

    format: Format
    problems: Problems = field(default_factory=Problems)
    """What a build would refuse."""
    warnings: list[str] = field(default_factory=list)
    """What a build would accept, and is seldom meant."""
    rows: int | None = None
    """Number of rows; None if it is not known without reading all of them."""
    rows_read: int = 0
    """Number of rows whose values were read."""


def check_beginning(expected: ExpectedData, class_names: list[str] | None) -> DataCheck:
    """Check names, types and shapes by the file's headers, or by its first rows where it has none.

    Args:
        expected: The file, and what it is for.
        class_names: In the order of the output, for data that is labelled by name.
    """
    found = DataCheck(format_of_data(expected.file))
    with found.problems.collect():
        if found.format is Format.NPZ:
            _check_npz(expected, found, class_names)
        elif found.format is Format.IMAGES:
            listed = list_images(expected.file)
            found.rows = found.rows_read = len(listed.files)
            check_labels(expected, image_labels(listed, expected.signature), class_names, found.problems)
        else:
            chunks = READERS[found.format](expected, found.problems)
            for chunk in islice(check_chunks(chunks, expected, found.problems), 1):
                found.rows_read = chunk.count
                check_labels(expected, chunk.labels, class_names, found.problems)
            if found.format is Format.PARQUET:
                found.rows = count_rows(expected.file)
            if not found.rows_read and not found.problems:
                found.problems.add(f"{expected.name} holds no samples")
    return found


def check_labels(
    expected: ExpectedData, labels: Mapping[str, NDArray[Any]], class_names: list[str] | None, problems: Problems
) -> dict[str, NDArray[Any]]:
    """Return labels as numbers, or text for an output of text, and add a problem for those that cannot be classes."""
    known = {}
    for name, value in labels.items():
        spec = expected.signature.outputs[name]
        with problems.collect():
            known[name] = labels_for(expected.name, name, spec, value, class_names)
            check_class_labels(name, spec, known[name], problems)
    return known


def _check_npz(expected: ExpectedData, found: DataCheck, class_names: list[str] | None) -> None:
    headers = read_headers(expected.file, found.problems)
    names = assign_arrays(expected.name, headers, expected.signature, found.problems)
    check_headers(headers, names, expected, found.problems)
    inputs = [headers[name] for name in names.inputs.values() if headers[name].shape]
    found.rows = inputs[0].shape[0] if inputs else None
    small = {output: name for output, name in names.labels.items() if headers[name].size <= _LABEL_BYTES}
    loaded = load_arrays(expected.file, small.values())
    check_labels(expected, {output: loaded[name] for output, name in small.items()}, class_names, found.problems)
