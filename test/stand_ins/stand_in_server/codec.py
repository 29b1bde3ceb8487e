"""JSON bodies of predict requests, in TensorFlow Serving's two formats."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import numpy as np

from stand_in_server.servable import CallError

if TYPE_CHECKING:
    from stand_in_server.servable import Servable


def read_inputs(servable: Servable, definition: Any, body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the inputs of a request, and whether it is written in rows.

    Raises:
        CallError: the body does not fit the signature.
    """
    if ("instances" in body) == ("inputs" in body):
        raise CallError("Missing 'inputs' or 'instances' key" if "inputs" not in body else "Unexpected 'inputs'")
    rows = "instances" in body
    names = list(definition.inputs)
    if rows:
        columns = _columns(body["instances"], names)
    elif isinstance(body["inputs"], dict) and not _is_binary(body["inputs"]):
        columns = body["inputs"]
    else:
        columns = {_only(names): body["inputs"]}
    if strange := sorted(set(columns) - set(names)):
        raise CallError(f"JSON Value: unknown input name(s): {', '.join(strange)}")
    return {name: _tensor(servable, definition, name, value) for name, value in columns.items()}, rows


def write_outputs(outputs: dict[str, Any], *, rows: bool) -> dict[str, Any]:
    """Return the body of an answer.

    Raises:
        CallError: rows are asked for, and the outputs have no common number of them.
    """
    values = {name: _plain(name, np.asarray(value)) for name, value in outputs.items()}
    if not rows:
        return {"outputs": next(iter(values.values())) if len(values) == 1 else values}
    sizes = {np.shape(value)[0] if np.ndim(value) else None for value in outputs.values()}
    if len(sizes) != 1 or None in sizes:
        raise CallError("Tensor outputs have no common batch size: ask with 'inputs' instead of 'instances'")
    if len(values) == 1:
        return {"predictions": next(iter(values.values()))}
    return {"predictions": [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]}


def _columns(instances: Any, names: list[str]) -> dict[str, list[Any]]:
    if not isinstance(instances, list) or not instances:
        raise CallError("Expecting 'instances' to be a non-empty list")
    if not isinstance(instances[0], dict) or _is_binary(instances[0]):
        return {_only(names): instances}
    keys = set(instances[0])
    if any(not isinstance(row, dict) or set(row) != keys for row in instances):
        raise CallError("Every row of 'instances' must name the same inputs")
    return {key: [row[key] for row in instances] for key in instances[0]}


def _only(names: list[str]) -> str:
    if len(names) != 1:
        raise CallError(f"Name the inputs, the signature has {len(names)}: {', '.join(sorted(names))}")
    return names[0]


def _tensor(servable: Servable, definition: Any, name: str, value: Any) -> Any:
    dtype = servable.dtype(definition, name)
    try:
        if dtype.name == "string":
            return np.array(_bytes(value), dtype=object)
        array = np.array(value)
        if array.dtype.kind not in "biuf" or (array.dtype.kind == "b") != (dtype.name == "bool"):
            raise ValueError(
                f"JSON Value: {str(value)[:60]} Type: {array.dtype.name} is not of expected type: {dtype.name}"
            )
        if array.dtype.kind == "f" and dtype.is_integer:
            raise ValueError(f"JSON Value: {str(value)[:60]} is not of expected type: {dtype.name}")
        with np.errstate(over="raise"):
            return array.astype(dtype.as_numpy_dtype)
    except (ValueError, TypeError, OverflowError, FloatingPointError, binascii.Error) as error:
        raise CallError(f"Failed to process element of input {name!r}: {error}") from error


def _bytes(value: Any) -> Any:
    if isinstance(value, list):
        return [_bytes(one) for one in value]
    if isinstance(value, str):
        return value.encode()
    if _is_binary(value):
        return base64.b64decode(value["b64"], validate=True)
    raise ValueError(f"JSON Value: {str(value)[:60]} is not of expected type: string")


def _is_binary(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"b64"}


def _plain(name: str, array: Any) -> Any:
    """As lists. The names of outputs that hold bytes end with _bytes."""
    if array.dtype.kind not in "OSU":
        return array.tolist()

    def text(value: Any) -> Any:
        if isinstance(value, list):
            return [text(one) for one in value]
        content = value if isinstance(value, bytes) else str(value).encode()
        return (
            {"b64": base64.b64encode(content).decode()}
            if name.endswith("_bytes")
            else content.decode("utf-8", "replace")
        )

    return text(array.tolist())
