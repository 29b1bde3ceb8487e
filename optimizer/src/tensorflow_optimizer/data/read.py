"""Reads evaluation data and checks it against its signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError
from ..signatures.spec import STRING
from .chunk import joined
from .csv_rows import read_csv
from .dataset import Dataset
from .formats import Format, find_data, format_of_data
from .image_files import read_images
from .json_lines import read_json_lines
from .labels import as_bytes, labels_for
from .npz import read_npz
from .parquet_rows import read_parquet
from .problems import Problems

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ..documents.image import ImageInput
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec, TensorSpec


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
    known = {name: _known_shape(spec, (shapes or {}).get(name)) for name, spec in signature.inputs.items()}
    images: NDArray[Any] | None = None
    if found is Format.IMAGES:
        arrays, labelled, images = read_images(file, signature, shapes, image, sandbox)
    elif found is Format.NPZ:
        arrays, labelled = read_npz(file, signature)
    elif found is Format.JSON_LINES:
        arrays, labelled = read_json_lines(file, signature, known, batched=batched)
    else:
        problems = Problems()
        read_table = read_csv if found is Format.CSV else read_parquet
        chunks = read_table(file, signature, known, problems, batched=batched)
        arrays, labelled = joined(file.name, chunks, problems)
    labelled = {
        name: labels_for(file.name, name, signature.outputs[name], value, labels) for name, value in labelled.items()
    }
    counts = {name: len(value) for name, value in arrays.items()}
    counts |= {f"labels of {name}": len(value) for name, value in labelled.items()}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name}: {count}" for name, count in counts.items())
        raise BadInputError(
            f"the arrays of {file.name} differ in their number of rows ({listed}); one row is one sample"
        )
    if not next(iter(counts.values()), 0):
        raise BadInputError(f"{file.name} holds no samples")
    rows: dict[str, NDArray[Any]] = {}
    whole: dict[str, bool] = {}
    for name, spec in signature.inputs.items():
        rows[name], whole[name] = _rows(file.name, name, spec, known[name], arrays[name], batched=batched)
    if len(set(whole.values())) > 1:
        raise BadInputError(
            f"the inputs in {file.name} differ in kind: "
            + ", ".join(f"{name} holds {'whole inputs' if is_whole else 'rows'}" for name, is_whole in whole.items())
        )
    return Dataset(rows, not next(iter(whole.values()), False), labelled, images)


def _known_shape(spec: TensorSpec, given: list[int] | None) -> list[int | None] | None:
    if given is not None:
        return list(given)
    return None if spec.shape is None else list(spec.shape)


def _rows(  # noqa: PLR0913 - one fact each, all needed to say what is wrong
    file: str,
    name: str,
    spec: TensorSpec,
    shape: list[int | None] | None,
    value: NDArray[Any],
    *,
    batched: bool | None,
) -> tuple[NDArray[Any], bool]:
    """Return one input's samples in the signature's type, and whether a sample is a complete input."""
    typed = _typed(file, name, spec, value)
    if shape is None:
        return typed, not batched
    item, rest = list(typed.shape[1:]), list(shape[1:])
    if batched is not True and _fits(item, shape):
        return typed, True
    # With a fixed first dimension of 1, accept rows without it as well.
    if not batched and shape and shape[0] == 1 and _fits(item, rest):
        return typed[:, np.newaxis], True
    if batched is not False and shape and _fits(item, rest):
        return typed, False
    if batched and _fits(item, [1, *rest]):
        return typed[:, 0], False
    expected = rest if batched else shape
    raise BadInputError(
        f"{file}: the samples of input {name!r} have the shape {item}, but the model takes {_shown(expected)} for each "
        f"sample ({spec}); dimension 0 of the array is the sample"
    )


def _fits(item: list[int], shape: list[int | None]) -> bool:
    return len(item) == len(shape) and all(own is None or own == size for own, size in zip(shape, item, strict=True))


def _shown(shape: list[int | None]) -> str:
    return f"[{', '.join('?' if size is None else str(size) for size in shape)}]"


def _typed(file: str, name: str, spec: TensorSpec, value: NDArray[Any]) -> NDArray[Any]:
    """Convert to the signature's type if no value changes beyond a float's precision."""
    if spec.dtype == STRING:
        if value.dtype.kind in "USO":
            return as_bytes(file, value)
        raise BadInputError(f"{file}: input {name!r} is {value.dtype}, but the model takes strings")
    target = np.dtype(spec.dtype)
    if value.dtype == target:
        return value
    if value.dtype.kind not in "biuf":
        raise BadInputError(f"{file}: input {name!r} is {value.dtype}, but the model takes {spec.dtype}")
    if target.kind == "f" and value.dtype.kind in "iuf":
        return value.astype(target)
    with np.errstate(invalid="ignore", over="ignore"):
        converted = value.astype(target)
    if not np.array_equal(converted.astype(np.float64), value.astype(np.float64)):
        raise BadInputError(
            f"{file}: input {name!r} is {value.dtype} with values that {spec.dtype}, which the model takes, cannot hold"
        )
    return converted
