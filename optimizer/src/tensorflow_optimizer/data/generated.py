"""Generated inputs. They show that a model runs, is finite and deterministic, but not how it decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..signatures.spec import STRING
from .dataset import Dataset
from .memory import check_memory
from .messages import example, feature_of_floats, feature_of_integers, feature_of_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..signatures import SignatureSpec
    from ..signatures.spec import Feature

#: Size of an unknown dimension without a given shape (only in SavedModels, not in LiteRT).
_UNKNOWN = 4
_COUNT = 16
#: Exclusive upper bounds of integers, tried in turn until the model accepts one, since they may index a small table.
INTEGER_RANGES = (100, 10, 2, 1)
#: Largest type in which numbers are generated, before they get the input's type.
_LARGEST_NUMBER = "complex128"


def generated_inputs(
    signature: SignatureSpec,
    shapes: dict[str, list[int]] | None,
    *,
    batched: bool,
    seed: int,
    integers: int = INTEGER_RANGES[0],
) -> Dataset:
    """Return samples: floats half from a normal, half from a uniform distribution, integers below `integers`.

    Strings that the model parses as examples are examples with such values.
    """
    random = np.random.default_rng(seed)
    inputs: dict[str, NDArray[Any]] = {}
    for name, spec in signature.inputs.items():
        shape = _shape(spec.shape, shapes.get(name) if shapes else None)
        item = shape[1:] if batched else shape
        check_memory([_COUNT, *item], _LARGEST_NUMBER, f"generated samples of the input {name!r}")
        if spec.features is None:
            inputs[name] = _values(random, spec.dtype, [_COUNT, *item], integers)
        else:
            inputs[name] = _examples(random, spec.features, [_COUNT, *item], integers)
    return Dataset(inputs, batched)


def edge_inputs(dataset: Dataset) -> dict[str, Dataset]:
    """Return single samples with edge values, by name: zeros, ones and large values, in the shapes of `dataset`."""
    edges = {"zeros": 0.0, "ones": 1.0, "large values": 1000.0}
    datasets = {}
    for name, value in edges.items():
        inputs = {}
        for key, array in dataset.inputs.items():
            if array.dtype == object:
                inputs[key] = np.full_like(array[:1], b"")
            elif array.dtype.kind == "f":
                inputs[key] = np.full_like(array[:1], value)
            else:
                # Integers may index tables; the data's own maximum is the largest index known to be valid.
                limit = array.max() if array.size else 1
                inputs[key] = np.full_like(array[:1], min(int(value), int(limit)))
        datasets[name] = Dataset(inputs, dataset.batched)
    return datasets


def _shape(own: tuple[int | None, ...] | None, given: list[int] | None) -> list[int]:
    if given is not None:
        return [size if size > 0 else 1 for size in given]
    return [_UNKNOWN if size is None else size for size in own or ()]


def _values(random: np.random.Generator, dtype: str, shape: list[int], integers: int) -> NDArray[Any]:
    if dtype == STRING:
        return np.full(shape, b"text", dtype=object)
    target = np.dtype(dtype)
    if target.kind == "b":
        return random.integers(0, 2, shape).astype(bool)
    if target.kind in "iu":
        return random.integers(0, integers, shape).astype(target)
    if target.kind == "c":
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(target)
    half = shape[0] // 2
    values = np.concatenate(
        [random.standard_normal([half, *shape[1:]]), random.uniform(0.0, 1.0, [shape[0] - half, *shape[1:]])]
    )
    return values.astype(target)


def _examples(
    random: np.random.Generator, features: tuple[Feature, ...], shape: list[int], integers: int
) -> NDArray[Any]:
    count = int(np.prod(shape))
    values = {entry: _values(random, entry.dtype, [count, entry.size], integers) for entry in features}
    rows = np.empty(count, dtype=object)
    for row in range(count):
        rows[row] = example({entry.key: _feature(entry.dtype, values[entry][row].tolist()) for entry in features})
    return rows.reshape(shape)


def _feature(dtype: str, values: list[Any]) -> bytes:
    if dtype == STRING:
        return feature_of_texts(values)
    return feature_of_integers(values) if dtype == "int64" else feature_of_floats(values)
