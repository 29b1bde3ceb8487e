"""The operations that a text part may have, with the attributes that its description names."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .patterns import PatternError, normalized, normalized_rewrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Attributes = dict[str, Any]

#: Operations that LiteRT lacks, or has for other types only, beside those on strings.
_LACKING = frozenset(
    {
        *("Bincount", "DenseBincount", "RaggedBincount", "LookupTableFindV2", "LookupTableSizeV2"),
        *("RaggedTensorToTensor", "RaggedGather", "RaggedRange", "RaggedTensorToSparse", "SparseToDense"),
        *("SparseCross", "SparseCrossV2", "SparseCrossHashed", "SparseFillEmptyRows", "SparseReshape", "SparseSlice"),
        *("SparseSegmentMean", "SparseSegmentSum", "SparseSegmentSqrtN", "SparseTensorDenseMatMul", "SparseConcat"),
        *("SparseReorder", "SparseBincount", "AsString", "Substr"),
    }
)
_ON_STRINGS = ("String", "StaticRegex", "Regex", "Unicode")
#: Most words of an n-gram.
WIDEST_NGRAM = 1024
#: Types of values in steps.
TYPES = frozenset({"string", "int64", "int32", "float32", "float64", "bool", "uint8"})


class RefusedStepError(Exception):
    """The operation cannot be a step; the message says why, after its name."""


def is_lacking(operation: str) -> bool:
    """Say whether LiteRT lacks an operation that a text part may have."""
    return operation in _LACKING or operation.startswith(_ON_STRINGS)


def attributes_of(operation: Any) -> Attributes:
    """Return the attributes of a step, for an operation of TensorFlow's graph.

    Raises:
        RefusedStepError: A text part has no such operation, or not with these attributes or types.
    """
    known = _OPERATIONS.get(operation.type)
    if known is None:
        raise RefusedStepError("is not among the operations of a text part")
    for tensor in (*operation.inputs, *operation.outputs):
        name = tensor.dtype.name
        if name not in TYPES and name != "resource":
            raise RefusedStepError(f"has the type {name}")
    return known[0](operation)


def check_attributes(operation: str, attributes: Mapping[str, Any]) -> bool:
    """Say whether a description names an operation, and exactly its attributes."""
    known = _OPERATIONS.get(operation)
    return known is not None and attributes.keys() == set(known[1])


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
    if kind not in {"int32", "int64", "uint8", "bool", "string"}:
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


def _characters(encoding: str, *others: Callable[[Any], Attributes]) -> Callable[[Any], Attributes]:
    """Return a reader of what UTF-8 becomes that is none."""
    return _all(_only(encoding, "UTF-8"), _only("errors", "replace", "ignore"), _copied("replacement_char"), *others)


def _ngrams(operation: Any) -> Attributes:
    widths, pads = list(operation.get_attr("ngram_widths")), operation.get_attr("pad_width")
    if not all(1 <= width <= WIDEST_NGRAM for width in widths) or pads > WIDEST_NGRAM:
        raise RefusedStepError(f"joins {max(widths, default=0)} words with {pads} pads; {WIDEST_NGRAM} are the most")
    rest = _copied("ngram_widths", "pad_width", "preserve_short_sequences")
    return _all(_bytes("separator", "left_pad", "right_pad"), rest)(operation)


def _cross(operation: Any) -> Attributes:
    """Crosses of dense features, each of which is hashed: what HashedCrossing makes."""
    if operation.get_attr("N") or not operation.get_attr("hashed_output"):
        raise RefusedStepError("crosses sparse features, or makes strings")
    buckets = operation.get_attr("num_buckets")
    if buckets < 1:
        raise RefusedStepError(f"has num_buckets {buckets}")
    # The key is unsigned, and a number above 2^53 is none for some readers of JSON.
    return {"num_buckets": buckets, "hash_key": str(operation.get_attr("hash_key") % (1 << 64))}


def _boundaries(operation: Any) -> Attributes:
    return {"boundaries": [float(boundary) for boundary in operation.get_attr("boundaries")]}


def _to_number(operation: Any) -> Attributes:
    dtype = operation.get_attr("out_type").name
    if dtype not in {"int32", "int64", "float32", "float64"}:
        raise RefusedStepError(f"makes the type {dtype}")
    return {"out_type": dtype}


_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
_NGRAMS = ("ngram_widths", "pad_width", "preserve_short_sequences", "separator", "left_pad", "right_pad")
_CHARACTERS = ("errors", "replacement_char")
#: Operations, each with the reader of its attributes and their names.
_OPERATIONS: dict[str, tuple[Callable[[Any], Attributes], tuple[str, ...]]] = {
    **dict.fromkeys(("StringLower", "StringUpper"), (_only("encoding", ""), ("encoding",))),
    "StringStrip": (_none, ()),
    "StaticRegexReplace": (_regex_replace, ("pattern", "rewrite", "replace_global")),
    "StaticRegexFullMatch": (_regex_match, ("pattern",)),
    "StringSplitV2": (_only("maxsplit", -1), ("maxsplit",)),
    "StringJoin": (_bytes("separator"), ("separator",)),
    "StringNGrams": (_ngrams, _NGRAMS),
    **dict.fromkeys(("StringLength", "Substr"), (_only("unit", "BYTE", "UTF8_CHAR"), ("unit",))),
    "StringToNumber": (_to_number, ("out_type",)),
    "UnicodeDecode": (
        _characters("input_encoding", _only("replace_control_characters", False), _type("Tsplits")),
        ("input_encoding", "replace_control_characters", "Tsplits", *_CHARACTERS),
    ),
    "UnicodeEncode": (_characters("output_encoding"), ("output_encoding", *_CHARACTERS)),
    "AsString": (_as_string, ()),
    "StringToHashBucketFast": (_copied("num_buckets"), ("num_buckets",)),
    "StringToHashBucketStrong": (_strong_hash, ("num_buckets", "key")),
    # The number of the table takes the place of its handle.
    "LookupTableFindV2": (_none, ("table",)),
    "RaggedTensorToTensor": (_copied("row_partition_types"), ("row_partition_types",)),
    **dict.fromkeys(("RaggedBincount", "DenseBincount"), (_copied("binary_output"), ("binary_output",))),
    "Bincount": (_none, ()),
    "Cast": (_type("DstT"), ("DstT",)),
    **dict.fromkeys(("Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"), (_none, ())),
    **dict.fromkeys(("LogicalAnd", "LogicalOr", "LogicalNot", "SelectV2", "Select", "Rank"), (_none, ())),
    **dict.fromkeys(("AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum"), (_of_same_types, ())),
    **dict.fromkeys(("Neg", "Abs", "Sign"), (_of_same_types, ())),
    **dict.fromkeys(("Shape", "Size"), (_type("out_type"), ("out_type",))),
    **dict.fromkeys(("Reshape", "ExpandDims", "Slice", "Tile", "Fill", "Range"), (_none, ())),
    **dict.fromkeys(("ZerosLike", "OnesLike", "BroadcastTo", "Transpose", "Pad", "PadV2"), (_none, ())),
    **dict.fromkeys(("Where", "ConcatV2"), (_none, ())),
    "Squeeze": (_copied("squeeze_dims"), ("squeeze_dims",)),
    "StridedSlice": (_copied(*_MASKS), _MASKS),
    "Pack": (_copied("axis"), ("axis",)),
    "Unpack": (_copied("axis", "num"), ("axis", "num")),
    "GatherV2": (_only("batch_dims", 0), ("batch_dims",)),
    "OneHot": (_copied("axis"), ("axis",)),
    **dict.fromkeys(("Max", "Min", "Sum", "Prod", "All", "Any"), (_copied("keep_dims"), ("keep_dims",))),
    "Cumsum": (_copied("exclusive", "reverse"), ("exclusive", "reverse")),
    "SparseCross": (_cross, ("num_buckets", "hash_key")),
    "Bucketize": (_boundaries, ("boundaries",)),
    "SparseToDense": (_copied("validate_indices"), ("validate_indices",)),
}
