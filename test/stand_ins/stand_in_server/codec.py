"""Bodies of predict requests, in TensorFlow Serving's two formats: which values they take and which they refuse."""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from stand_in_server import json_writer
from stand_in_server.errors import CallError
from stand_in_server.json_reader import Members

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPACES = b" \t\n\v\f\r"
_MOST_DIMENSIONS = 254


def read_signature_name(body: Any) -> str:
    """Return the signature that a request names, empty for the default one.

    Raises:
        CallError: the body is no object, or the name is no string.
    """
    if not isinstance(body, Members):
        raise CallError("JSON Value: Is not object")
    name = body.first(b"signature_name", b"")
    if not isinstance(name, bytes):
        raise CallError("JSON Value: not formatted correctly. 'signature_name' key must be a string value.")
    return name.decode("utf-8", "replace")


def read_inputs(dtypes: Mapping[str, Any], body: Members) -> tuple[dict[str, Any], bool]:
    """Return the inputs of a request, and whether it is written in rows.

    Args:
        dtypes: TensorFlow's type of each input of the signature.
        body: The request.

    Raises:
        CallError: the body does not fit the signature.
    """
    if not dtypes:
        raise CallError("Failed to get input map for signature")
    if b"instances" in body and b"inputs" in body:
        raise CallError("Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
    if b"instances" in body:
        return _read_rows(dtypes, body.first(b"instances")), True
    if b"inputs" in body:
        return _read_columns(dtypes, body.first(b"inputs")), False
    raise CallError("Missing 'inputs' or 'instances' key")


def write_outputs(outputs: dict[str, Any], *, rows: bool) -> bytes:
    """Return the body of an answer.

    Raises:
        CallError: rows are asked for, and the outputs have no common number of them; or JSON cannot carry a type.
    """
    tensors = {name: np.asarray(value) for name, value in outputs.items()}
    if not tensors:
        raise CallError("Cannot convert empty tensor map to JSON")
    return json_writer.rows(tensors) if rows else json_writer.columns(tensors)


def _read_rows(dtypes: Mapping[str, Any], instances: Any) -> dict[str, Any]:
    if not isinstance(instances, list) or not instances:
        raise CallError("Expecting 'instances' to be a list/array with values")
    if not isinstance(instances[0], Members) and len(dtypes) > 1:
        raise CallError("instances is a plain list, but expecting list of objects as multiple input tensors required")
    objects = _is_object(instances[0])
    only = next(iter(dtypes))
    shapes: dict[str, list[int]] = {}
    leaves: dict[str, list[Any]] = {}
    for number, row in enumerate(instances):
        if _is_object(row) != objects:
            raise CallError(f"Expecting {'object' if objects else 'value/list'} at item {number} of input list")
        items = [(key.decode("utf-8", "replace"), value) for key, value in row.pairs] if objects else [(only, row)]
        for name, value in items:
            try:
                shape, found = _read_tensor(dtypes, name, value)
            except CallError as error:
                raise CallError(f"Failed to process element: {number} of 'instances' list. Error: {error}") from error
            if shapes.setdefault(name, shape) != shape:
                raise CallError(f"Failed to process element: {number}. Expecting shape {shapes[name]} but got: {shape}")
            leaves.setdefault(name, []).extend(found)
        if objects and {name for name, _ in items} != set(dtypes):
            raise CallError(f"Failed to process element: {number}: keys must be equal to: {','.join(sorted(dtypes))}")
    return {name: _array(dtypes[name], leaves[name], [len(instances), *shape]) for name, shape in shapes.items()}


def _read_columns(dtypes: Mapping[str, Any], inputs: Any) -> dict[str, Any]:
    if _is_object(inputs):
        values = {}
        for name in dtypes:
            if name.encode() not in inputs:
                raise CallError(f"Missing named input: {name} in 'inputs' object.")
            values[name] = inputs.first(name.encode())
    elif len(dtypes) > 1:
        raise CallError("inputs is a plain value/list, but expecting an object as multiple input tensors required")
    else:
        values = {next(iter(dtypes)): inputs}
    tensors = {}
    for name, value in values.items():
        shape, leaves = _read_tensor(dtypes, name, value)
        tensors[name] = _array(dtypes[name], leaves, shape)
    return tensors


def _is_object(value: Any) -> bool:
    return isinstance(value, Members) and not _is_binary(value)


def _is_binary(value: Members) -> bool:
    return len(value.pairs) == 1 and value.pairs[0][0] == b"b64" and isinstance(value.pairs[0][1], bytes)


def _read_tensor(dtypes: Mapping[str, Any], name: str, value: Any) -> tuple[list[int], list[Any]]:
    """Return a tensor's shape, which its first elements give, and its values one after the other."""
    if name not in dtypes:
        raise CallError(f"JSON object: does not have named input: {name}")
    shape = []
    first = value
    while isinstance(first, list):
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    else:
        _read_value(dtypes[name], first)
    level = [value]
    for depth, size in enumerate(shape):
        for one in level:
            if not isinstance(one, list):
                raise CallError(f"JSON Value found at incorrect level: {depth + 1}. Expected at level: {len(shape)}")
            if len(one) != size:
                raise CallError(
                    f"Encountered list at unexpected size: {len(one)} at level: {depth} expected size: {size}"
                )
        level = [element for one in level for element in one]
    if any(isinstance(one, list) for one in level):
        raise CallError(f"Encountered list at unexpected level: {len(shape)} expected < {len(shape)}")
    return shape, [_read_value(dtypes[name], one) for one in level]


def _read_value(dtype: Any, value: Any) -> Any:
    kind = dtype.name
    if isinstance(value, Members):
        if kind == "string" and _is_binary(value):
            return _decode(value.pairs[0][1])
        raise CallError(f"JSON Value of Type: Object is not of expected type: {kind}")
    if kind in {"float32", "float64"}:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif kind in _RANGES:
        low, high = _RANGES[kind]
        if type(value) is int and low <= value < high:
            return value
    elif kind in {"string", "bool"}:
        if isinstance(value, bytes if kind == "string" else bool):
            return value
    else:
        raise CallError(f"Conversion of JSON Value to type: {kind}", "UNIMPLEMENTED")
    raise CallError(f"JSON Value: {str(value)[:60]} Type: {type(value).__name__} is not of expected type: {kind}")


#: Integers are checked as 32 or 64 bits, and cut to what their type holds afterwards.
_RANGES = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8"), (-(2**31), 2**31)),
    "int64": (-(2**63), 2**63),
    "uint32": (0, 2**32),
    "uint64": (0, 2**64),
}


def _array(dtype: Any, leaves: list[Any], shape: list[int]) -> Any:
    if len(shape) > _MOST_DIMENSIONS:
        raise CallError("tensor parsing error: too many dimensions")
    # Of a key that a row repeats, the values are there twice: the first ones count.
    leaves = leaves[: math.prod(shape)]
    if dtype.name == "string":
        array = np.empty(len(leaves), dtype=object)
        array[:] = leaves
        return array.reshape(shape)
    if dtype.name in {"float32", "float64"}:
        with np.errstate(over="ignore", under="ignore"):
            array = np.array(leaves, dtype=np.float64).astype(dtype.as_numpy_dtype)
        # The server computes without subnormal numbers.
        tiny = np.abs(array) < np.finfo(array.dtype).tiny
        return np.where(tiny, np.copysign(array.dtype.type(0), array), array).reshape(shape)
    if dtype.name == "uint64":
        return np.array(leaves, dtype=np.uint64).reshape(shape)
    return (
        np.array(leaves, dtype=bool if dtype.name == "bool" else np.int64).astype(dtype.as_numpy_dtype).reshape(shape)
    )


def _decode(text: bytes) -> bytes:
    """Decode base64, whose padding may be missing, and which may have spaces in it."""
    text = text.translate(None, _SPACES)
    content = text.rstrip(b"=.")
    padding, missing = len(text) - len(content), -len(content) % 4
    try:
        if padding in {0, missing}:
            return base64.b64decode(content + b"=" * missing, validate=True)
    except ValueError:
        pass
    raise CallError("Unable to base64 decode")
