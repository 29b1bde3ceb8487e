"""Finds and describes the value that prevented encoding a tensor. Imported only when there is one."""

from __future__ import annotations

from math import isnan, log10

from . import json_text
from .description import TensorError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .description import Tensor

_KINDS = {"float": "a number", "int": "an integer", "bool": "true or false"}
_FLOAT_LIMITS = {"float16": 65504.0, "float32": 3.4028234663852886e38, "float64": 1.7976931348623157e308}


def mismatch(tensor: Tensor, value: Any, shape: list[int]) -> TensorError:
    """Return the error for the first value of `value` that does not fit `tensor`, in order of the indices."""
    indices: tuple[int, ...] = ()
    first = _search(tensor, value, shape, indices)
    if first is None:
        first = (), f"does not fit {tensor.dtype.name} of shape {shape}"
    return TensorError(tensor, *first)


def describe(value: Any) -> str:
    """Describe a JSON value in a few words, never more than a line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        shown = "".join(letter if letter.isprintable() else "?" for letter in value[:20])
        return f'the string "{shown}{"…" if len(value) > 20 else ""}"'
    if isinstance(value, int):
        return str(value) if abs(value) < 10**39 else f"an integer of {_digits(abs(value))} digits"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    return (
        "an object"
        if isinstance(value, dict)
        else json_text.dumps(value)
        if isinstance(value, float)
        else repr(value)[:100]
    )


def _digits(value: int) -> int:
    """Count the digits of a positive integer, which may be longer than `str` allows."""
    digits = int(log10(value))
    while 10**digits <= value:
        digits += 1
    return digits


def _search(
    tensor: Tensor, value: Any, shape: list[int], indices: tuple[int, ...]
) -> tuple[tuple[int, ...], str] | None:
    if not shape:
        problem = _element_problem(tensor, value)
        return (indices, problem) if problem else None
    if not isinstance(value, (list, tuple)):
        return indices, f"{describe(value)} stands where a list of {shape[0]} belongs"
    if len(value) != shape[0]:
        return indices, f"a list of {len(value)} stands where a list of {shape[0]} belongs"
    for index, element in enumerate(value):
        first = _search(tensor, element, shape[1:], (*indices, index))
        if first:
            return first
    return None


def _element_problem(tensor: Tensor, value: Any) -> str | None:
    kind = tensor.dtype.kind
    if isinstance(value, dict) and set(value) == {"b64"}:
        return f'bytes ("b64") are for inputs of type string, and this one is {tensor.dtype.name}'
    fits = {
        "float": type(value) in (float, int),
        "int": type(value) is int,
        "bool": type(value) is bool,
    }[kind]
    if not fits:
        return f"{describe(value)} stands where {_KINDS[kind]} belongs"
    if kind == "int" and not tensor.dtype.low <= value <= tensor.dtype.high:
        return f"{describe(value)} is outside of {tensor.dtype.name}, {tensor.dtype.low} to {tensor.dtype.high}"
    if kind == "float" and abs(value) > _FLOAT_LIMITS[tensor.dtype.name] and value not in (float("inf"), -float("inf")):
        return f"{describe(value)} is outside of {tensor.dtype.name}, at most {_FLOAT_LIMITS[tensor.dtype.name]}"
    if kind == "float" and tensor.scale is not None and isnan(value):
        return f"NaN cannot be represented: the model stores this input as {tensor.stored.name}"
    return None
