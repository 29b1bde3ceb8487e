"""The operations that a text part may have, with the attributes that its description names."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .patterns import PatternError, normalized, normalized_rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Attributes = dict[str, Any]

#: Operations that LiteRT lacks, or has for other types only, beside all that take or return strings.
LACKING = frozenset(
    {
        *("Bincount", "DenseBincount", "RaggedBincount", "LookupTableFindV2", "LookupTableSizeV2"),
        *("RaggedTensorToTensor", "RaggedGather", "RaggedRange", "RaggedTensorToSparse", "SparseToDense"),
        *("SparseCross", "SparseCrossV2", "SparseCrossHashed", "SparseFillEmptyRows", "SparseReshape", "SparseSlice"),
        *("SparseSegmentMean", "SparseSegmentSum", "SparseSegmentSqrtN", "SparseTensorDenseMatMul", "SparseConcat"),
        *("SparseReorder", "SparseBincount", "UnicodeEncode"),
    }
)
#: Types of values in steps.
TYPES = frozenset({"string", "int64", "int32", "float32", "float64", "bool", "uint8"})


class RefusedStepError(Exception):
    """The operation cannot be a step; the message says why, after its name."""


def attributes_of(operation: Any) -> Attributes:
    """Return the attributes of a step, for an operation of TensorFlow's graph.

    Raises:
        RefusedStepError: A text part has no such operation, or not with these attributes or types.
    """
    reader = _READERS.get(operation.type)
    if reader is None:
        raise RefusedStepError("is not among the operations of a text part")
    for tensor in (*operation.inputs, *operation.outputs):
        name = tensor.dtype.name
        if name not in TYPES and name != "resource":
            raise RefusedStepError(f"has the type {name}")
    return reader(operation)


def check_attributes(operation: str, attributes: Mapping[str, Any]) -> bool:
    """Say whether a description names an operation, and exactly its attributes."""
    names = _NAMES.get(operation)
    return names is not None and attributes.keys() == set(names)


def _none(_: Any) -> Attributes:
    return {}


def _copied(*names: str) -> Callable[[Any], Attributes]:
    """Return a reader of attributes that are numbers, booleans or lists of them."""

    def read(operation: Any) -> Attributes:
        return {name: _plain(operation.get_attr(name)) for name in names}

    return read


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def _bytes(*names: str) -> Callable[[Any], Attributes]:
    def read(operation: Any) -> Attributes:
        return {name: base64.b64encode(operation.get_attr(name)).decode() for name in names}

    return read


def _type(name: str) -> Callable[[Any], Attributes]:
    def read(operation: Any) -> Attributes:
        dtype = operation.get_attr(name).name
        if dtype not in TYPES:
            raise RefusedStepError(f"makes the type {dtype}")
        return {name: dtype}

    return read


def _only(name: str, *allowed: Any) -> Callable[[Any], Attributes]:
    """Return a reader of an attribute that must have one of these values."""

    def read(operation: Any) -> Attributes:
        value = _plain(operation.get_attr(name))
        if value not in allowed:
            raise RefusedStepError(f"has {name} {value!r}, and may have {' or '.join(map(repr, allowed))}")
        return {name: value}

    return read


def _all(*readers: Callable[[Any], Attributes]) -> Callable[[Any], Attributes]:
    return lambda operation: {name: value for reader in readers for name, value in reader(operation).items()}


def _regex_replace(operation: Any) -> Attributes:
    everywhere = bool(operation.get_attr("replace_global"))
    try:
        pattern = normalized(operation.get_attr("pattern"), may_be_empty=not everywhere)
        rewrite = normalized_rewrite(operation.get_attr("rewrite"), pattern.groups)
    except PatternError as error:
        raise RefusedStepError(f"has {error}") from error
    return {
        "pattern": pattern.text,
        "rewrite": base64.b64encode(rewrite).decode(),
        "replace_global": everywhere,
    }


def _regex_match(operation: Any) -> Attributes:
    try:
        return {"pattern": normalized(operation.get_attr("pattern"), may_be_empty=True).text}
    except PatternError as error:
        raise RefusedStepError(f"has {error}") from error


def _as_string(operation: Any) -> Attributes:
    kind = operation.inputs[0].dtype.name
    if kind not in {"int32", "int64", "bool", "string"}:
        raise RefusedStepError(f"writes {kind} as text")
    for name, plain in (("precision", -1), ("scientific", False), ("shortest", False), ("width", -1), ("fill", b"")):
        if operation.get_attr(name) != plain:
            raise RefusedStepError(f"has {name} {operation.get_attr(name)!r}")
    return {}


def _strong_hash(operation: Any) -> Attributes:
    # The key is unsigned, and the graph holds it as signed numbers.
    key = [str(number % (1 << 64)) for number in operation.get_attr("key")]
    return {"num_buckets": operation.get_attr("num_buckets"), "key": key}


def _of_same_types(operation: Any) -> Attributes:
    """Elementwise arithmetic: strings, which Add joins, are left out."""
    if operation.inputs[0].dtype.name in {"string", "bool"}:
        raise RefusedStepError(f"computes on {operation.inputs[0].dtype.name}")
    return {}


_READERS: dict[str, Callable[[Any], Attributes]] = {
    "StringLower": _only("encoding", ""),
    "StringUpper": _only("encoding", ""),
    "StringStrip": _none,
    "StaticRegexReplace": _regex_replace,
    "StaticRegexFullMatch": _regex_match,
    "StringSplitV2": _only("maxsplit", -1),
    "StringJoin": _bytes("separator"),
    "AsString": _as_string,
    "StringToHashBucketFast": _copied("num_buckets"),
    "StringToHashBucketStrong": _strong_hash,
    "LookupTableFindV2": _none,
    "RaggedTensorToTensor": _copied("row_partition_types"),
    "RaggedBincount": _copied("binary_output"),
    "DenseBincount": _copied("binary_output"),
    "Bincount": _none,
    "Cast": _type("DstT"),
    **dict.fromkeys(("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"), _none),
    **dict.fromkeys(("LogicalAnd", "LogicalOr", "LogicalNot", "SelectV2", "Select", "Rank"), _none),
    **dict.fromkeys(("AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum"), _of_same_types),
    **dict.fromkeys(("Neg", "Abs", "Sign"), _of_same_types),
    "Shape": _type("out_type"),
    "Size": _type("out_type"),
    **dict.fromkeys(("Reshape", "ExpandDims", "Slice", "Tile", "Fill", "Range", "ZerosLike", "OnesLike"), _none),
    **dict.fromkeys(("BroadcastTo", "Transpose", "Pad", "PadV2", "Where", "ConcatV2"), _none),
    "Squeeze": _copied("squeeze_dims"),
    "StridedSlice": _copied("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"),
    "Pack": _copied("axis"),
    "Unpack": _all(_copied("axis"), _copied("num")),
    "GatherV2": _only("batch_dims", 0),
    "OneHot": _copied("axis"),
    **dict.fromkeys(("Max", "Min", "Sum", "Prod", "All", "Any"), _copied("keep_dims")),
    "Cumsum": _copied("exclusive", "reverse"),
    "SparseToDense": _copied("validate_indices"),
}

_NAMES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(_READERS, ()),
    "StringLower": ("encoding",),
    "StringUpper": ("encoding",),
    "StaticRegexReplace": ("pattern", "rewrite", "replace_global"),
    "StaticRegexFullMatch": ("pattern",),
    "StringSplitV2": ("maxsplit",),
    "StringJoin": ("separator",),
    "StringToHashBucketFast": ("num_buckets",),
    "StringToHashBucketStrong": ("num_buckets", "key"),
    "LookupTableFindV2": ("table",),
    "RaggedTensorToTensor": ("row_partition_types",),
    "RaggedBincount": ("binary_output",),
    "DenseBincount": ("binary_output",),
    "Cast": ("DstT",),
    "Shape": ("out_type",),
    "Size": ("out_type",),
    "Squeeze": ("squeeze_dims",),
    "StridedSlice": ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"),
    "Pack": ("axis",),
    "Unpack": ("axis", "num"),
    "GatherV2": ("batch_dims",),
    "OneHot": ("axis",),
    **dict.fromkeys(("Max", "Min", "Sum", "Prod", "All", "Any"), ("keep_dims",)),
    "Cumsum": ("exclusive", "reverse"),
    "SparseToDense": ("validate_indices",),
}
