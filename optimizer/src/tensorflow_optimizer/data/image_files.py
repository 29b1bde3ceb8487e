"""Evaluation data that are images: a directory of JPEG and PNG files, and `labels.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError, OptimizerError
from ..hints import Hint
from ..signatures.images import image_input, image_of
from .csv_rows import numbers_or_names
from .image_leaf import decode_images
from .memory import check_memory

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..documents.image import ImageInput
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec

LABELS_FILE = "labels.csv"
_PATH, _LABEL = "path", "label"
_HEADER = f'"{_PATH}" or "{_PATH},{_LABEL}", and for several outputs "{_PATH},{_LABEL}/<output>,…"'


@dataclass(frozen=True)
class ImageFiles:
    """The images of a directory, in the order of its labels file."""

    files: list[Path]
    columns: dict[str, list[str]]
    """Labels by column: `label`, or `label/<output>`."""


def labels_file(directory: Path) -> Path | None:
    """Return the labels file of a directory of images; None where there is none.

    Raises:
        BadInputError: There are several.
    """
    files = sorted(directory.rglob(LABELS_FILE))
    if len(files) > 1:
        names = ", ".join(file.relative_to(directory).as_posix() for file in files[:6])
        raise BadInputError(f"the evaluation data hold several files {LABELS_FILE} ({names}): give one of them")
    return files[0] if files else None


def list_images(file: Path) -> ImageFiles:
    """Return the images that a labels file names, by paths relative to its directory.

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
        path = file.parent / row[0].strip()
        if not path.resolve().is_relative_to(file.parent.resolve()) or not path.is_file():
            raise BadInputError(
                f"{file.name}: row {number} names the file {row[0]!r}, which does not exist; paths are relative to "
                f"{file.name}"
            )
        files.append(path)
    columns = {name: [row[index].strip() for row in rows] for index, name in enumerate(names) if index}
    return ImageFiles(files, columns)


def read_images(
    file: Path,
    signature: SignatureSpec,
    shapes: dict[str, list[int]] | None,
    asked: ImageInput | None,
    sandbox: Sandbox | None,
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], NDArray[Any]]:
    """Return inputs and labels by name, and the files: the inputs are what the server makes of the images.

    Args:
        file: The labels file.
        signature: The signature of the data.
        shapes: The inputs' complete shapes, if they are more specific than the signature's.
        asked: What becomes of pixels; None where the job does not say it.
        sandbox: Where the images are decoded.

    Raises:
        BadInputError: The data cannot be read, or do not fit the signature.
    """
    if asked is None:
        raise BadInputError(
            "the evaluation data are images, and nothing says what numbers the model makes of their pixels: say it, "
            "for a LiteRT model, or give the numbers as an .npz file",
            Hint.IMAGE_INPUT,
        )
    name = image_input(asked, list(signature.inputs))
    if len(signature.inputs) > 1:
        raise BadInputError(
            f"the evaluation data are images for {name!r}, and the model has {len(signature.inputs)} inputs: give "
            "the values of all inputs as an .npz file"
        )
    spec = signature.inputs[name]
    given = (shapes or {}).get(name)
    shape: list[int | None] = list(spec.shape or ()) if given is None else list(given)
    image = image_of(asked, name, spec.dtype, shape)
    listed = list_images(file)
    size = [entry or 0 for entry in shape[1:]]
    if sandbox is None:
        raise OptimizerError("images are decoded in a sandbox only, and there is none")
    check_memory([len(listed.files), *size], spec.dtype, f"the images of {file.name}")
    rows = np.empty([len(listed.files), *size], spec.dtype)
    contents = ((path.name, path.read_bytes()) for path in listed.files)
    for number, row in enumerate(decode_images(sandbox, contents, image, size, spec.dtype)):
        rows[number] = row
    return {name: rows}, image_labels(listed, signature), np.array(listed.files, dtype=object)


def image_labels(listed: ImageFiles, signature: SignatureSpec) -> dict[str, NDArray[Any]]:
    """Return the labels by the name of the output.

    Raises:
        BadInputError: A column is named after none.
    """
    return {_output(column, signature): numbers_or_names(values) for column, values in listed.columns.items()}


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
