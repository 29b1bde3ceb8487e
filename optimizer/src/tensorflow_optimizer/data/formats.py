"""Finds the file with the evaluation data, and tells its format."""

from __future__ import annotations

import csv
import json
import zipfile
from enum import StrEnum
from typing import TYPE_CHECKING

from ..errors import BadInputError, OptimizerError
from . import parquet_rows
from .columns import LABEL, names_labels
from .csv_rows import csv_names
from .dataset import ACCEPTED
from .image_files import LABELS_FILE, has_label_column, labels_file
from .npz import LABELS

if TYPE_CHECKING:
    from pathlib import Path


class Format(StrEnum):
    """The format of evaluation data."""

    NPZ = "npz"
    JSON_LINES = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"
    IMAGES = "images"


_SUFFIXES = {f".{entry}" for entry in Format if entry is not Format.IMAGES}


def find_data(path: Path) -> Path:
    """Return the file at `path`, or the only one below it.

    Raises:
        BadInputError: There is none, or there are several.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInputError(f"the evaluation data {path.name} does not exist; give {ACCEPTED}")
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
    if any(file.name == LABELS_FILE for file in files):
        # Other tables beside images are somebody's notes.
        files = [file for file in files if file.suffix.lower() in (".npz", ".jsonl")]
    if len(files) == 1:
        return files[0]
    images = labels_file(path) if not files else None
    if images is not None:
        return images
    names = ", ".join(file.relative_to(path).as_posix() for file in files[:6]) or "none"
    raise BadInputError(
        "the evaluation data must hold exactly one .npz, .jsonl, .csv or .parquet file, found: "
        f"{names}; give {ACCEPTED}"
    )


def format_of_data(file: Path) -> Format:
    """Return the format of a file: by its first bytes where it has such, and else by its name.

    Raises:
        BadInputError: It is empty, or not what its name says.
    """
    if file.name == LABELS_FILE:
        return Format.IMAGES
    with file.open("rb") as stream:
        head = stream.read(4)
    suffix = file.suffix.lower()
    if not head:
        raise BadInputError(f"{file.name} is empty (0 bytes); give {ACCEPTED}")
    if head.startswith(b"PK"):
        return Format.NPZ
    if head == parquet_rows.MAGIC:
        return Format.PARQUET
    if suffix == ".npz":
        raise BadInputError(f"{file.name} is not an .npz file, or is cut short; write it with numpy.savez")
    if suffix == ".parquet":
        raise BadInputError(f"{file.name} is not a Parquet file; give {ACCEPTED}")
    return Format.CSV if suffix == ".csv" else Format.JSON_LINES


def has_labels(path: Path) -> bool:
    """Say whether the evaluation data at `path` names labels, without reading it; True if it cannot be read."""
    file = find_data(path)
    if file.name == LABELS_FILE:
        return has_label_column(file)
    found = format_of_data(file)
    try:
        if found is Format.NPZ:
            with zipfile.ZipFile(file) as archive:
                return any(name.startswith((f"{LABELS}.", f"{LABELS}/")) for name in archive.namelist())
        if found is Format.CSV:
            return names_labels(csv_names(file))
        if found is Format.PARQUET:
            return names_labels(parquet_rows.read_header(file).names)
        with file.open(encoding="utf-8") as stream:
            return LABEL in json.loads(next(line for line in stream if line.strip()))
    except (OSError, ValueError, StopIteration, TypeError, csv.Error, zipfile.BadZipFile, OptimizerError):
        return True
