"""Checks evaluation data against a signature before anything is built, in the words of the build."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from .chunk import Chunk
from .classes import check_class_labels
from .fit import check_chunks, check_headers, fits_type
from .formats import Format, format_of_data
from .image_files import image_labels, list_images
from .input_statistics import InputStatistics
from .label_statistics import LabelStatistics
from .labels import labels_for
from .npz import assign_arrays, load_arrays, read_headers
from .parquet_rows import read_header
from .problems import Problems
from .read import READERS, typed
from .row_hashes import RowHashes
from .stream import stream_chunks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from .expected import ExpectedData
    from .row_hashes import EqualRows

#: Most bytes of labels that are read with the headers of an .npz file.
_LABEL_BYTES = 64 << 20
#: Chunks of a format without headers. The reader of a file with fewer says what is wrong with the whole file, too.
_CHUNKS = 2


@dataclass
class DataCheck:
    """Findings in evaluation data."""

    format: Format
    problems: Problems = field(default_factory=Problems)
    """Sentences on what a build would refuse."""
    warnings: list[str] = field(default_factory=list)
    """Sentences on what a build would accept, and is seldom meant."""
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
            for chunk in islice(check_chunks(chunks, expected, found.problems), _CHUNKS):
                found.rows_read += chunk.count
                _typed_inputs(expected, chunk, found.problems)
                check_labels(expected, chunk.labels, class_names, found.problems)
            if found.format is Format.PARQUET:
                found.rows = read_header(expected.file).rows
            if not found.rows_read and not found.problems:
                found.problems.add(f"{expected.name} holds no samples")
    return found


def check_all(expected: ExpectedData, class_names: list[str] | None, seed: int) -> DataCheck:
    """Check every value, in memory that does not grow with the file. Images are not decoded.

    Args:
        expected: The file, and what it is for.
        class_names: In the order of the output, for data that is labelled by name.
        seed: The job's, which draws the parts that rows are in.
    """
    found = DataCheck(format_of_data(expected.file))
    outputs = expected.signature.outputs
    inputs = {name: InputStatistics(name) for name in expected.signature.inputs}
    labels = {name: LabelStatistics(name, spec, class_names) for name, spec in outputs.items()}
    hashes = RowHashes()
    with found.problems.collect():
        for chunk in _all_chunks(expected, found):
            found.rows_read += chunk.count
            known = _typed_inputs(expected, chunk, found.problems)
            for name, value in known.items():
                inputs[name].add(value)
            if len(known) == len(inputs):
                hashes.add(known)
            for name, value in chunk.labels.items():
                with found.problems.collect():
                    labels[name].add(labels_for(expected.name, name, outputs[name], value, class_names))
        if not found.rows_read and not found.problems:
            found.problems.add(f"{expected.name} holds no samples")
    for label in labels.values():
        label.check(found.problems)
    found.rows = found.rows_read
    for statistics in inputs.values():
        found.warnings += statistics.warnings(expected.name)
    for label in labels.values():
        found.warnings += label.warnings(expected.name)
    found.warnings += _about_equal(expected.name, hashes.equal_rows(seed), seed)
    return found


def _all_chunks(expected: ExpectedData, found: DataCheck) -> Iterator[Chunk]:
    if found.format is Format.IMAGES:
        listed = list_images(expected.file)
        # What is checked of images are their labels: rows need some input to be counted by.
        texts = np.array([str(file) for file in listed.files])
        yield Chunk(dict.fromkeys(expected.signature.inputs, texts), image_labels(listed, expected.signature))
    else:
        yield from stream_chunks(expected, found.format, found.problems)


def _typed_inputs(expected: ExpectedData, chunk: Chunk, problems: Problems) -> dict[str, NDArray[Any]]:
    """Return the inputs in the types of the model, without those that do not fit."""
    known = {}
    for name, value in chunk.inputs.items():
        spec = expected.signature.inputs[name]
        if fits_type(spec, value.dtype):
            with problems.collect():
                known[name] = typed(expected.name, name, spec, value)
    return known


def _about_equal(file: str, equal: EqualRows, seed: int) -> Iterator[str]:
    if not equal.equal:
        return
    of = f"{equal.looked_at:,} rows" if equal.across is not None else f"{equal.looked_at:,} rows that were compared"
    sentence = f"{file}: {equal.equal:,} of {of} ({equal.equal / equal.looked_at:.2%}) are equal to another one"
    if equal.across:
        yield (
            f"{sentence}, and {equal.across:,} to one in another part, if the job calibrates, searches and trains "
            f"(seed {seed}): what was learned from is judged by too; leave them out"
        )
    else:
        yield f"{sentence}; they count twice: leave them out"


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
