"""Nested lists to stored bytes and back, against numpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_server import codec
from model_server.description import Tensor, TensorError


def tensor(dtype: str, shape: list[int], stored: str | None = None, scale: float = 0.0, zero: int = 0) -> Tensor:
    inner = {"dtype": stored or dtype, "shape": shape}
    if stored:
        inner["quantization"] = {"scale": scale, "zeroPoint": zero}
    return Tensor("x", {"dtype": dtype, "shape": shape, "tensor": inner}, batched=False)


@pytest.mark.parametrize("shape", [[], [3], [2, 3], [1, 1, 1, 1], [2, 1, 3, 2]])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "int64", "uint8", "uint32", "bool"])
def test_bytes_are_numpys_in_both_directions(dtype: str, shape: list[int]) -> None:
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    subject = tensor(dtype, shape)
    assert codec.encode(subject, array.tolist(), shape) == array.tobytes()
    assert codec.decode(subject, array.tobytes(), shape) == array.tolist()


@given(st.lists(st.floats(width=64, allow_nan=False, min_value=-1e38, max_value=1e38), min_size=1, max_size=5))
def test_floats_are_rounded_to_float32_as_numpy_does(values: list[float]) -> None:
    subject = tensor("float32", [len(values)])
    assert codec.encode(subject, values, [len(values)]) == np.asarray(values, "float32").tobytes()


def test_nan_and_infinity_pass_through_floats() -> None:
    subject = tensor("float32", [3])
    stored = codec.encode(subject, [math.nan, math.inf, -math.inf], [3])
    back = codec.decode(subject, stored, [3])
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf]


QUANTIZED = st.sampled_from([("int8", -128, 127), ("uint8", 0, 255), ("int16", -32768, 32767)])


@given(
    QUANTIZED,
    st.floats(min_value=2.0**-20, max_value=2.0**10, width=32),
    st.integers(-50, 50),
    st.lists(st.floats(min_value=-1e6, max_value=1e6), min_size=1, max_size=20),
)
def test_real_values_are_quantized_as_numpy_does_in_float32(
    stored: tuple[str, int, int], scale: float, zero: int, values: list[float]
) -> None:
    name, low, high = stored
    zero = max(low, zero)
    subject = tensor("float32", [len(values)], name, scale, zero)
    expected = np.clip(np.round(np.asarray(values, "float32") / np.float32(scale)) + zero, low, high).astype(name)
    encoded = codec.encode(subject, values, [len(values)])
    assert encoded == expected.tobytes()
    real = (expected.astype("float32") - np.float32(zero)) * np.float32(scale)
    assert codec.decode(subject, encoded, [len(values)]) == real.tolist()


def test_halves_are_rounded_to_even_and_extremes_clamped() -> None:
    subject = tensor("float32", [6], "int8", 1.0, 3)
    values = [0.5, 1.5, -0.5, -1.5, 1e9, -math.inf]
    assert np.frombuffer(codec.encode(subject, values, [6]), "int8").tolist() == [3, 5, 3, 1, 127, -128]


BAD: list[tuple[str, list[int], Any, tuple[int, ...], str]] = [
    ("float32", [2], [1, "2"], (1,), 'the string "2" stands where a number belongs'),
    ("float32", [2], [1, True], (1,), "true stands where a number belongs"),
    ("float32", [2], [1, None], (1,), "null stands where a number belongs"),
    ("float32", [2], [1, {}], (1,), "an object stands where a number belongs"),
    ("float32", [2], [1, [2]], (1,), "a list of 1 stands where a number belongs"),
    ("float32", [2], [1, 2, 3], (), "a list of 3 stands where a list of 2 belongs"),
    ("float32", [2], {"a": 1}, (), "an object stands where a list of 2 belongs"),
    ("float32", [2, 2], [[1, 2], [3]], (1,), "a list of 1 stands where a list of 2 belongs"),
    ("float32", [2, 2], [[1, 2], 3], (1,), "3 stands where a list of 2 belongs"),
    ("float32", [1], [1e39], (0,), "1e+39 is outside of float32, at most 3.4028234663852886e+38"),
    ("float32", [1], [-(10**400)], (0,), "an integer of 401 digits is outside of float32"),
    ("float16", [1], [70000], (0,), "70000 is outside of float16, at most 65504"),
    ("uint8", [1], [300], (0,), "300 is outside of uint8, 0 to 255"),
    ("uint8", [1], [-1], (0,), "-1 is outside of uint8, 0 to 255"),
    ("int64", [1], [2**63], (0,), f"{2**63} is outside of int64"),
    ("int32", [1], [1.0], (0,), "1.0 stands where an integer belongs"),
    ("int32", [1], [math.nan], (0,), "NaN stands where an integer belongs"),
    ("int32", [1], [True], (0,), "true stands where an integer belongs"),
    ("bool", [1], [1], (0,), "1 stands where true or false belongs"),
    ("float32", [1], [{"b64": "AA=="}], (0,), 'bytes ("b64") are for inputs of type string'),
]


@pytest.mark.parametrize(("dtype", "shape", "value", "indices", "problem"), BAD)
def test_a_value_that_does_not_fit_is_named_with_its_place(
    dtype: str, shape: list[int], value: Any, indices: tuple[int, ...], problem: str
) -> None:
    with pytest.raises(TensorError) as caught:
        codec.encode(tensor(dtype, shape), value, shape)
    assert caught.value.status == 400
    assert caught.value.indices == indices
    assert caught.value.problem.startswith(problem)


@pytest.mark.parametrize("alone", ["5", {5: 5}, {5.0}, b"\x05", bytearray(b"\x05"), range(5, 6), iter([5.0])])
@pytest.mark.parametrize("shape", [[1], [3, 1], [2, 1, 1]])
def test_only_a_list_or_tuple_stands_for_a_dimension_of_one(alone: Any, shape: list[int]) -> None:
    value: Any = alone
    for dimension in reversed(shape[:-1]):
        value = [[[5.0]] if shape == [2, 1, 1] else [5.0]] * (dimension - 1) + [value]
    with pytest.raises(TensorError, match="stands where a list of 1 belongs"):
        codec.encode(tensor("float32", shape), value, shape)
    assert codec.encode(tensor("float32", [2, 1]), ([5], (5,)), [2, 1]) == np.full(2, 5, "float32").tobytes()


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("item", [[], [1], [7, 1], [codec.AT_ONCE + 1]])
def test_a_large_batch_is_encoded_in_parts_to_the_same_bytes(dtype: str, item: list[int]) -> None:
    rows = 3 if item == [codec.AT_ONCE + 1] else 2 * codec.AT_ONCE + 3
    array = np.arange(rows * math.prod(item)).reshape([rows, *item]).astype(dtype)
    assert codec.encode(tensor(dtype, [1, *item]), array.tolist(), [rows, *item]) == array.tobytes()


@pytest.mark.parametrize("row", [0, codec.AT_ONCE // 4, 2 * codec.AT_ONCE - 1])
def test_a_wrong_value_is_named_in_whatever_part_it_is(row: int) -> None:
    rows: list[Any] = [[0.5, 1, 2, 3] for _ in range(2 * codec.AT_ONCE)]
    rows[row][3] = True
    with pytest.raises(TensorError, match="true stands where a number belongs") as caught:
        codec.encode(tensor("float32", [1, 4]), rows, [len(rows), 4])
    assert caught.value.indices == (row, 3)


def test_nan_cannot_be_quantized() -> None:
    with pytest.raises(TensorError, match="NaN cannot be represented: the model stores this input as int8"):
        codec.encode(tensor("float32", [2], "int8", 0.5), [1.0, math.nan], [2])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=12,
)


@given(ANYTHING, st.sampled_from(["float16", "float32", "float64", "int8", "uint64", "bool"]), st.booleans())
def test_any_input_becomes_either_the_right_number_of_bytes_or_a_tensor_error(
    value: Any, dtype: str, quantized: bool
) -> None:
    subject = tensor("float32", [2, 2], "int8", 0.5) if quantized else tensor(dtype, [2, 2])
    try:
        stored = codec.encode(subject, value, [2, 2])
    except TensorError as error:
        assert error.problem  # noqa: PT017 - either outcome is right
    else:
        assert len(stored) == 4 * subject.stored.size
