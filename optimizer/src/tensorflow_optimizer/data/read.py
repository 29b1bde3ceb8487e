"""Reads evaluation data and checks it against its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..signatures.spec import STRING
from .chunk import joined
from .csv_rows import read_csv
from .dataset import Dataset
from .expected import ExpectedData
from .fit import Form, check_chunks, check_fit, check_headers, described
from .formats import Format, find_data, format_of_data
from .given_answers import program_of
from .image_files import read_images
from .json_lines import read_json_lines
from .labels import as_bytes, labels_for
from .npz import assign_arrays, load_arrays, read_headers
from .parquet_rows import read_parquet
from .problems import Problems

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..documents.image import ImageInput
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec, TensorSpec

READERS = {Format.CSV: read_csv, Format.PARQUET: read_parquet, Format.JSON_LINES: read_json_lines}


def read_dataset(  # noqa: PLR0913 - one fact each about the data
    path: Path,
    signature: SignatureSpec,
    shapes: dict[str, list[int]] | None,
    *,
    batched: bool | None,
    labels: list[str] | None,
    image: ImageInput | None = None,
    sandbox: Sandbox | None = None,
) -> Dataset:
    """Read the evaluation data at `path`.

    Args:
        path: The file, or a directory that contains one.
        signature: The signature of the data.
        shapes: The inputs' complete shapes, if they are more specific than the signature's.
        batched: Whether dimension 0 of the inputs is the batch; None if the data's rank decides.
        labels: Class names, for data that is labelled by name.
        image: What becomes of pixels, for data that are images.
        sandbox: Where images are decoded. Arrays, JSON and tables are read here, without pickle.

    Raises:
        BadInputError: The data cannot be read, or does not fit the signature.
    """
    file = find_data(path)
    found = format_of_data(file)
    expected = ExpectedData.of(file, signature, shapes, batched=batched)
    images: NDArray[Any] | None = None
    answers: dict[str, NDArray[Any]] = {}
    program = ""
    problems = Problems()
    if found is Format.IMAGES:
        arrays, labelled, images = read_images(file, signature, shapes, image, sandbox)
    elif found is Format.NPZ:
        arrays, labelled, answers, program = _read_npz(expected, problems)
    else:
        chunks = check_chunks(READERS[found](expected, problems), expected, problems)
        arrays, labelled = joined(file.name, chunks, problems)
    counts = {name: len(value) for name, value in labelled.items()}
    rows, batched = fitting_rows(expected, arrays, counts, problems)
    for name, value in labelled.items():
        with problems.collect():
            labelled[name] = labels_for(file.name, name, signature.outputs[name], value, labels)
    problems.refuse()
    return Dataset(rows, batched, labelled, images, answers, program)


def fitting_rows(
    expected: ExpectedData, arrays: dict[str, NDArray[Any]], counts: Mapping[str, int], problems: Problems
) -> tuple[dict[str, NDArray[Any]], bool]:
    """Return the inputs in the types and shapes of the signature, and whether a sample is one row of its batch.

    Args:
        expected: The file, and what it is for.
        arrays: The inputs as they were read.
        counts: Numbers of labels, by the name of the output.
        problems: Receives what does not fit.

    Raises:
        BadInputError: Types or shapes do not fit. Values that do not are added to the problems.
    """
    forms = check_fit(described(arrays), counts, expected, problems)
    problems.refuse()
    rows: dict[str, NDArray[Any]] = {}
    for name, spec in expected.signature.inputs.items():
        with problems.collect():
            rows[name] = in_form(forms[name], typed(expected.name, name, spec, arrays[name]))
    return rows, not any(form.is_whole for form in forms.values())


def _read_npz(
    expected: ExpectedData, problems: Problems
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]], dict[str, NDArray[Any]], str]:
    """Return inputs, labels, answers of another program and its name; loaded only if the headers show that they fit."""
    headers = read_headers(expected.file, problems)
    names = assign_arrays(expected.name, headers, expected.signature, problems)
    check_headers(headers, names, expected, problems)
    problems.refuse()
    parts = (names.inputs, names.labels, names.answers)
    wanted = [name for part in parts for name in part.values()]
    arrays = load_arrays(expected.file, [*wanted, *([names.program] if names.program else [])])
    inputs, labels, answers = ({key: arrays[name] for key, name in part.items()} for part in parts)
    program = program_of(expected.name, arrays[names.program] if names.program else None) if answers else ""
    return inputs, labels, answers, program


def in_form(form: Form, value: NDArray[Any]) -> NDArray[Any]:
    """Return samples without a dimension of the batch, or with the one that they lack."""
    if form is Form.WITHOUT_ONE:
        return value[:, np.newaxis]
    return value[:, 0] if form is Form.ROW_OF_ONE else value


def typed(file: str, name: str, spec: TensorSpec, value: NDArray[Any]) -> NDArray[Any]:
    """Convert to the signature's type if no value changes beyond a float's precision.

    Raises:
        BadInputError: A value would change.
    """
    if spec.dtype == STRING:
        return as_bytes(file, value)
    target = np.dtype(spec.dtype)
    if value.dtype == target:
        return value
    if target.kind == "f" and value.dtype.kind in "iuf":
        return value.astype(target)
    with np.errstate(invalid="ignore", over="ignore"):
        converted = value.astype(target)
    if not np.array_equal(converted.astype(np.float64), value.astype(np.float64)):
        raise BadInputError(
            f"{file}: input {name!r} is {value.dtype} with values that {spec.dtype}, which the model takes, cannot hold"
        )
    return converted
