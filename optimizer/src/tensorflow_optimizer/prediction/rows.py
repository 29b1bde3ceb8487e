"""Reads the rows that models are asked about, as each of them takes them, some at once."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from ..data.dataset import Dataset
from ..data.expected import ExpectedData
from ..data.formats import find_data
from ..data.image_files import LABELS_FILE, list_images
from ..data.problems import Problems
from ..data.stream import stream_rows
from ..errors import BadInputError
from .target import PICTURES_AT_ONCE, paired

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .target import Target

_PICTURES = (b"\xff\xd8\xff", b"\x89PNG")
_SUFFIXES = (".jpg", ".jpeg", ".png")
_PART = 1 << 20


def read_rows(path: Path, targets: Sequence[Target]) -> Iterator[tuple[list[Dataset], list[str] | None]]:
    """Yield some rows for each target at once, and the names of their files where they are images.

    Args:
        path: A file of rows, an image, or a directory with one or several of them.
        targets: The models. The inputs of the first one name the rows.

    Raises:
        BadInputError: The rows cannot be read, or do not fit. Those before them were yielded.
    """
    files = _pictures(path)
    if files is not None:
        yield from _read_pictures(files, targets)
        return
    first = targets[0]
    names = [paired("inputs", list(first.signature.inputs), list(other.signature.inputs)) for other in targets]
    expected = ExpectedData.of(
        find_data(path),
        first.signature,
        next((target.shapes for target in targets if target.shapes), None),
        batched=next((target.batched for target in targets if target.batched is not None), None),
    )
    for dataset in stream_rows(expected, Problems()):
        yield [_renamed(dataset, theirs) for theirs in names], None


def spool(stream: BinaryIO, directory: Path) -> Path:
    """Write a stream into a file, whose name says its format, and return the file.

    Raises:
        BadInputError: There is nothing to read.
    """
    head = stream.read(_PART)
    if not head.strip():
        raise BadInputError("standard input has no rows: give a .csv or .jsonl file, an array or an image there")
    known = {b"PK": ".npz", b"PAR1": ".parquet", **dict.fromkeys(_PICTURES, ".png")}
    by_head = next((suffix for start, suffix in known.items() if head.startswith(start)), None)
    suffix = by_head or (".jsonl" if head.lstrip()[:1] in b"{[" else ".csv")
    file = directory / f"standard-input{suffix}"
    with file.open("wb") as copy:
        while head:
            copy.write(head)
            head = stream.read(_PART)
    return file


def _pictures(path: Path) -> list[Path] | None:
    """Return the images at a path; None if there are others than images."""
    if path.is_file():
        if path.name == LABELS_FILE:
            return list_images(path).files
        with path.open("rb") as stream:
            return [path] if stream.read(4).startswith(_PICTURES) else None
    if not path.is_dir():
        return None
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    if files and all(file.suffix.lower() in _SUFFIXES for file in files):
        return files
    found = find_data(path)
    return list_images(found).files if found.name == LABELS_FILE else None


def _read_pictures(
    files: Sequence[Path], targets: Sequence[Target]
) -> Iterator[tuple[list[Dataset], list[str] | None]]:
    left = iter(files)
    while group := list(islice(left, PICTURES_AT_ONCE)):
        contents = [(file.name, file.read_bytes()) for file in group]
        yield [target.pictures(contents) for target in targets], [file.name for file in group]


def _renamed(dataset: Dataset, names: dict[str, str]) -> Dataset:
    inputs: dict[str, Any] = {theirs: dataset.inputs[ours] for ours, theirs in names.items()}
    return Dataset(inputs, dataset.batched, dataset.labels)
