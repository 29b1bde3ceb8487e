"""Evaluation data that are pictures: a directory of JPEG and PNG files, and `labels.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..hints import Hint
from ..signatures.images import image_of, picture_input
from .decode_picture import decode_picture

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..documents.image import Image, ImageInput
    from ..signatures import SignatureSpec

LABELS_FILE = "labels.csv"
_PATH, _LABEL = "path", "label"
_HEADER = f'"{_PATH}" or "{_PATH},{_LABEL}", and for several outputs "{_PATH},{_LABEL}/<output>,…"'


@dataclass(frozen=True)
class PictureFiles:
    """The pictures of a directory, in the order of its labels file."""

    files: list[Path]
    columns: dict[str, list[str]]
    """Labels by column: `label`, or `label/<output>`."""


def labels_file(directory: Path) -> Path | None:
    """Return the labels file of a directory of pictures; None where there is none.

    Raises:
        BadInputError: There are several.
    """
    found = sorted(directory.rglob(LABELS_FILE))
    if len(found) > 1:
        names = ", ".join(file.relative_to(directory).as_posix() for file in found[:6])
        raise BadInputError(f"the evaluation data hold several files {LABELS_FILE} ({names}): give one of them")
    return found[0] if found else None


def list_pictures(file: Path) -> PictureFiles:
    """Return the pictures that a labels file names, by paths relative to its directory.

    Raises:
        BadInputError: It is not such a file, or names what does not exist.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            header, *rows = [row for row in csv.reader(stream) if any(map(str.strip, row))] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInputError(f"{file.name} is no table of comma-separated values in UTF-8 ({error})") from error
    names = [name.strip() for name in header]
    wrong = [name for name in names[1:] if name != _LABEL and not name.startswith(f"{_LABEL}/")]
    if names[:1] != [_PATH] or wrong or len(set(names)) < len(names):
        raise BadInputError(f"{file.name} begins with the line {','.join(names)[:100]!r}; it must be {_HEADER}")
    files = []
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise BadInputError(f"{file.name}: row {number} has {len(row)} values, and the first row {len(names)}")
        picture = file.parent / row[0].strip()
        if not picture.resolve().is_relative_to(file.parent.resolve()) or not picture.is_file():
            raise BadInputError(
                f"{file.name}: row {number} names the file {row[0]!r}, which does not exist; paths are relative to "
                f"{file.name}"
            )
        files.append(picture)
    columns = {name: [row[index].strip() for row in rows] for index, name in enumerate(names) if index}
    return PictureFiles(files, columns)


def read_pictures(
    file: Path, signature: SignatureSpec, shapes: dict[str, list[int]] | None, asked: ImageInput | None
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], NDArray[Any]]:
    """Return inputs and labels by name, and the files: the inputs are what the server makes of the pictures.

    Args:
        file: The labels file.
        signature: The signature of the data.
        shapes: The inputs' complete shapes, if they are more specific than the signature's.
        asked: What becomes of pixels; None where the job does not say it.

    Raises:
        BadInputError: The data cannot be read, or do not fit the signature.
    """
    if asked is None:
        raise BadInputError(
            "the evaluation data are pictures, and nothing says what numbers the model makes of their pixels: say it, "
            "for a LiteRT model, or give the numbers as an .npz file",
            Hint.IMAGE_INPUT,
        )
    name = picture_input(asked, list(signature.inputs))
    if len(signature.inputs) > 1:
        raise BadInputError(
            f"the evaluation data are pictures for {name!r}, and the model has {len(signature.inputs)} inputs: give "
            "the values of all inputs as an .npz file"
        )
    spec = signature.inputs[name]
    given = (shapes or {}).get(name)
    shape: list[int | None] = list(spec.shape or ()) if given is None else list(given)
    image = image_of(asked, name, spec.dtype, shape)
    found = list_pictures(file)
    size = [entry or 0 for entry in shape[1:]]
    rows = np.empty([len(found.files), *size], spec.dtype)
    for number, picture in enumerate(found.files):
        rows[number] = read_picture(picture, image, size, spec.dtype)
    labels = {_output(column, signature): _values(values) for column, values in found.columns.items()}
    return {name: rows}, labels, np.array(found.files, dtype=object)


def read_picture(picture: Path, image: Image, size: list[int], dtype: str) -> NDArray[Any]:
    """Return the numbers of a file.

    Raises:
        BadInputError: It is no whole JPEG or PNG.
    """
    try:
        return decode_picture(picture.read_bytes(), image, size, dtype)
    except ValueError as error:
        raise BadInputError(f"{picture.name} cannot be decoded: {error}") from error


def has_label_column(file: Path) -> bool:
    """Say whether a labels file has labels, by its first line."""
    with file.open(encoding="utf-8-sig") as stream:
        return "," in stream.readline()


def _output(column: str, signature: SignatureSpec) -> str:
    outputs = list(signature.outputs)
    named = column.removeprefix(_LABEL).removeprefix("/")
    if not named and len(outputs) == 1:
        return outputs[0]
    if named in outputs:
        return named
    columns = ", ".join(f"{_LABEL}/{name}" for name in outputs)
    raise BadInputError(f"{LABELS_FILE} has the column {column!r}, and the model's outputs have {columns}")


def _values(texts: list[str]) -> NDArray[Any]:
    """Return numbers where all labels are numbers, and else names."""
    for kind in (int, float):
        try:
            return np.array([kind(text) for text in texts])
        except ValueError:
            continue
    return np.array(texts)
