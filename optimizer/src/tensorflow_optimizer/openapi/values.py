"""JSON Schemas of tensors' values. A LiteRT model's servers accept what they allow, and refuse everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.manifest import Signature, Tensor

#: A JSON Schema.
Schema = dict[str, Any]

#: Least numbers that round to infinity.
_TOO_LARGE = {"float16": 65520.0, "float32": float(2**128 - 2**103)}
_LARGEST_FLOAT64 = 1.7976931348623157e308
_FORMATS = {"float32": "float", "float64": "double"}
#: Dimensions of one image: height, width, channels.
_IMAGE_RANK = 3


def only(schemas: Sequence[Schema]) -> Schema:
    """Return a schema that allows what one of several does."""
    different = [schema for index, schema in enumerate(schemas) if schema not in schemas[:index]]
    return different[0] if len(different) == 1 else {"anyOf": different}


def list_of(item: Schema, size: int | None = None) -> Schema:
    """Return the schema of a list: of so many items, or of one at least."""
    sizes = {"minItems": 1} if size is None else {"minItems": size, "maxItems": size}
    return {"type": "array", **sizes, "items": item}


def exactly(members: dict[str, Schema]) -> Schema:
    """Return the schema of an object that has all of these members, and no others."""
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def item_shape(tensor: Tensor, *, batched: bool) -> list[int | None]:
    """Return the sizes of a row's dimensions, or of a whole tensor's without a batch; None where a size is open."""
    shape = tensor.tensor.shape if tensor.tensor else tensor.shape
    return [None if size < 0 else size for size in shape[1 if batched else 0 :]]


def element(tensor: Tensor) -> Schema:
    """Return the schema of one value."""
    dtype = tensor.dtype
    if dtype == "bool":
        return {"type": "boolean"}
    if dtype == "string":
        return {"anyOf": [{"type": "string"}, _encoded()]}
    if dtype.startswith(("int", "uint")):
        bits, signed = int(dtype.lstrip("uint")), dtype.startswith("int")
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return {"type": "integer", "format": dtype, "minimum": low, "maximum": high}
    number: Schema = {"type": "number", **({"format": _FORMATS[dtype]} if dtype in _FORMATS else {})}
    # What is stored as integers is computed as float32.
    is_quantized = tensor.tensor is not None and tensor.tensor.dtype != dtype
    if dtype == "float64" and not is_quantized:
        return {**number, "minimum": -_LARGEST_FLOAT64, "maximum": _LARGEST_FLOAT64}
    limit = _TOO_LARGE.get("float32" if is_quantized else dtype)
    return number if limit is None else {**number, "exclusiveMinimum": -limit, "exclusiveMaximum": limit}


def nested(tensor: Tensor, shape: Sequence[int | None]) -> Schema:
    """Return the schema of values in lists that are nested as a shape is; a row may be an encoded image instead."""
    schema = element(tensor)
    for rank, size in enumerate(reversed(shape), start=1):
        schema = list_of(schema, size)
        if tensor.image is not None and rank == _IMAGE_RANK:
            schema = only([schema, _encoded()])
    return schema


def _encoded() -> Schema:
    return exactly({"b64": {"type": "string", "contentEncoding": "base64"}})


def whole(tensor: Tensor, *, batched: bool) -> Schema:
    """Return the schema of a tensor, with its rows where there is a batch."""
    schema = nested(tensor, item_shape(tensor, batched=batched))
    return list_of(schema) if batched else schema


def can_be_rows(signature: Signature) -> bool:
    """Return whether inputs and outputs can be sent and answered row by row: without a batch, along dimension 0."""
    sizes = [
        {tuple(item_shape(tensor, batched=False)[:1]) for tensor in tensors.values()}
        for tensors in (signature.inputs, signature.outputs)
    ]
    return signature.batched or all(len(lengths) == 1 and () not in lengths for lengths in sizes)
