"""Bodies of predict requests and answers, in TensorFlow Serving's two formats: rows and columns."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from stand_in_server.errors import CallError

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_body(content: bytes) -> dict[str, Any]:
    """Parse a request.

    Raises:
        CallError: it is no JSON object.
    """
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise CallError(f"JSON Parse error: {error}") from error
    if not isinstance(body, dict):
        raise CallError("JSON Value: Is not object")
    return body


def read_inputs(dtypes: Mapping[str, Any], body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the inputs of a request, and whether it is written in rows.

    Args:
        dtypes: TensorFlow's type of each input of the signature.
        body: The request.

    Raises:
        CallError: the body does not fit the signature.
    """
    if ("instances" in body) == ("inputs" in body):
        raise CallError("Missing 'inputs' or 'instances' key" if "inputs" not in body else "only one is allowed")
    rows = "instances" in body
    values = _columns(dtypes, body["instances"]) if rows else _named(dtypes, body["inputs"])
    return {name: _array(dtype, name, values[name]) for name, dtype in dtypes.items()}, rows


def write_outputs(outputs: dict[str, Any], *, rows: bool) -> bytes:
    """Return the body of an answer.

    Raises:
        CallError: rows are asked for, and the outputs have no common number of them; or JSON cannot carry a type.
    """
    tensors = {name: np.asarray(value) for name, value in outputs.items()}
    answer: Any = {name: _plain(name, tensor) for name, tensor in tensors.items()}
    if rows:
        sizes = {tensor.shape[0] if tensor.ndim else 0 for tensor in tensors.values()}
        if len(sizes) != 1 or 0 in sizes:
            raise CallError(f"Tensors have an invalid or inconsistent batch size: {sizes}")
        if len(answer) > 1:
            answer = [dict(zip(answer, row, strict=True)) for row in zip(*answer.values(), strict=True)]
    if isinstance(answer, dict) and len(answer) == 1:
        [answer] = answer.values()
    return json.dumps({"predictions" if rows else "outputs": answer}).encode()


def _columns(dtypes: Mapping[str, Any], rows: Any) -> dict[str, list[Any]]:
    """Return the rows' values by input."""
    if not isinstance(rows, list) or not rows:
        raise CallError("Expecting 'instances' to be a list/array with values")
    if len(dtypes) == 1 and not any(map(_is_object, rows)):
        return {next(iter(dtypes)): rows}
    for number, row in enumerate(rows):
        if not _is_object(row) or row.keys() != dtypes.keys():
            given = ",".join(row) if _is_object(row) else "no object"
            raise CallError(f"Failed to process element: {number}: {given}; keys must be {','.join(sorted(dtypes))}")
    return {name: [row[name] for row in rows] for name in dtypes}


def _named(dtypes: Mapping[str, Any], inputs: Any) -> dict[str, Any]:
    if not _is_object(inputs) and len(dtypes) == 1:
        return {next(iter(dtypes)): inputs}
    if not _is_object(inputs) or not inputs.keys() >= dtypes.keys():
        raise CallError(f"Missing named inputs in 'inputs' object: {','.join(sorted(dtypes))}")
    named: dict[str, Any] = inputs
    return named


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() != {"b64"}


def _array(dtype: Any, name: str, value: Any) -> Any:
    given = np.array(value, dtype=object)  # leaves a list in the place of a value where lengths differ
    try:
        values = [_read(dtype.name, leaf) for leaf in given.ravel()]
        with np.errstate(over="ignore"):
            array = np.array(values, dtype=object).astype(dtype.as_numpy_dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise CallError(f"JSON Value of input {name} is not of expected type: {dtype.name}: {error}") from error
    return array.reshape(given.shape)


def _read(kind: str, value: Any) -> Any:
    if kind == "string" and isinstance(value, str):
        return value.encode()
    if kind == "string" and isinstance(value, dict) and value.keys() == {"b64"}:
        return base64.b64decode(value["b64"], validate=True)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind in {"float32", "float64"} and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if type(value) is int and kind in _INTEGERS:
        limits = np.iinfo(kind)
        if limits.min <= value <= limits.max:
            return value
    raise ValueError(str(value)[:60])


_INTEGERS = {"int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"}


def _plain(name: str, tensor: Any) -> Any:
    """Return a tensor's values; those of an output whose name ends with _bytes are binary."""
    kind = tensor.dtype.name
    if kind == "object":
        return np.vectorize(lambda value: _text(name, value), otypes=[object])(tensor).tolist()
    if kind not in {"bool", "float32", "float64", *_INTEGERS}:
        raise CallError(f"Failed to write JSON value for tensor type: {kind}")
    return tensor.tolist()


def _text(name: str, value: bytes) -> Any:
    return {"b64": base64.b64encode(value).decode()} if name.endswith("_bytes") else value.decode("utf-8", "replace")
