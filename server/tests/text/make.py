"""Writes cases.json: steps, and what TensorFlow answers to them. Run it with the repository's Python."""

import base64
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

NAMES = {"string": tf.string, "int64": tf.int64, "int32": tf.int32, "float32": tf.float32, "float64": tf.float64, "bool": tf.bool, "uint8": tf.uint8}
KERAS = r'[!"#$%&()\*\+,-\./:;<=>?@\[\\\]^_`{|}~\']'
KERAS_EXPLICIT = r"[\x{21}-\x{2f}\x{3a}-\x{40}\x{5b}-\x{60}\x{7b}-\x{7e}]"
TEXTS = [
    b"", b" ", b"a", b"Hello, World!", b"  two  words ", b"\t\n\x0b\x0c\r tabs\x1c\x1f", "Ünïcödé É".encode(), "e\u0301a\u0308".encode(),
    "שלום עולם".encode(), "مرحبا".encode(), "日本語 テキスト".encode(), "👩‍👩‍👧 x".encode(), "\u00a0\u2003nb\u3000".encode(), b"nul\x00mid", b"\x00", b"\xff\xfe",
    b"ok\x80bad", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80s", b"\xed\xb0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xe2\x28\xa1",
    "İıſK".encode(), b"a,b,,c,", b",", b"aa--bb----cc", b"A" * 70, ("long " * 300).encode(), "ß".encode() * 100,
]
cases: list[dict[str, Any]] = []


def document(value: Any) -> dict[str, Any]:
    """Return a value as text.json has constants."""
    tensor = tf.convert_to_tensor(value)
    array = tensor.numpy()
    name = next(name for name, dtype in NAMES.items() if dtype == tensor.dtype)
    flat = np.reshape(array, -1)
    if name == "string":
        values: list[Any] = [base64.b64encode(text).decode() for text in flat.tolist()]
    elif name.startswith("float"):
        values = [number if np.isfinite(number) else str(number).replace("inf", "Infinity").replace("nan", "NaN") for number in flat.tolist()]
    else:
        values = flat.tolist()
    return {"dtype": name, "shape": list(np.shape(array)), "values": values}


def case(operation: str, inputs: dict[str, Any], attributes: dict[str, Any], written: dict[str, Any] | None = None, **given: Any) -> None:
    """Add a case: `inputs` and `given` are for TensorFlow, `written` what text.json says, where that is not `attributes`."""
    several = ("values", "inputs", "row_partition_tensors")
    flat = [value for name, values in inputs.items() for value in (values if name in several and isinstance(values, list) else [values])]
    entry = {"operation": operation, "inputs": [document(value) for value in flat], "attributes": attributes if written is None else written}
    try:
        answer = getattr(tf.raw_ops, operation)(**inputs, **(attributes | given))
        outputs = list(answer) if isinstance(answer, (tuple, list)) else [answer]
        entry["outputs"] = [document(value) for value in outputs]
    except (tf.errors.InvalidArgumentError, tf.errors.OutOfRangeError, UnicodeDecodeError):  # the last where the message has the bytes
        entry["outputs"] = None
    cases.append(entry)


def b64(text: bytes) -> str:
    return base64.b64encode(text).decode()


def strings() -> None:
    texts = tf.constant(TEXTS)
    case("StringLower", {"input": texts}, {"encoding": ""})
    case("StringUpper", {"input": texts}, {"encoding": ""})
    case("StringStrip", {"input": texts}, {})
    for unit in ("BYTE", "UTF8_CHAR"):
        case("StringLength", {"input": texts}, {"unit": unit})
        for position, length in ((0, 1), (1, 2), (-1, 1), (-2, 5), (0, 0), (3, 100), (0, -1)):
            for text in TEXTS:
                case("Substr", {"input": [text], "pos": np.int64(position), "len": np.int64(length)}, {"unit": unit})
    for pattern, explicit, rewrite in (
        (KERAS, KERAS_EXPLICIT, b""), (KERAS, KERAS_EXPLICIT, b"<\\0>"), (r"\s+", r"[\x{9}-\x{a}\x{c}-\x{d}\x{20}]+", b" "),
        ("([a-m])([n-z]?)", r"([\x{61}-\x{6d}])([\x{6e}-\x{7a}]?)", b"\\2\\1\\\\"), ("é|ö", r"\x{e9}|\x{f6}", b"_"), ("[^a-z]", r"[\x{0}-\x{60}\x{7b}-\x{7f}]|(?-u:[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})", b"."),
        (r"^\w", r"\A[\x{30}-\x{39}\x{41}-\x{5a}\x{5f}\x{61}-\x{7a}]", b"#"), ("o$", r"\x{6f}\z", b"0"),
    ):
        for every in (True, False):
            written = {"pattern": explicit, "rewrite": b64(rewrite), "replace_global": every}
            case("StaticRegexReplace", {"input": texts}, {"pattern": pattern, "rewrite": rewrite, "replace_global": every}, written)
    case("StaticRegexFullMatch", {"input": texts}, {"pattern": "[a-z]*"}, {"pattern": r"[\x{61}-\x{7a}]*"})
    case("StringJoin", {"inputs": [texts, tf.constant("x"), texts]}, {"separator": "-"}, {"separator": b64(b"-")})
    for separator in (b"", b" ", b",", b"--"):
        case("StringSplitV2", {"input": texts, "sep": tf.constant(separator)}, {"maxsplit": -1})
        case("StringSplitV2", {"input": texts, "sep": tf.constant(separator)}, {"maxsplit": 1})


def hashes_and_numbers() -> None:
    random.seed(49)
    texts = tf.constant([random.randbytes(length) for length in [*range(300), 384, 448, 512, 1000, 4096]])
    for buckets in (2**63 - 1, 1, 10, 1000003):
        case("StringToHashBucketFast", {"input": texts if buckets > 2**62 else texts[:20]}, {"num_buckets": buckets})
    for key in ([3, 4], [0, 0], [2**63 - 1, 12345]):
        case("StringToHashBucketStrong", {"input": texts if key == [3, 4] else texts[:40]}, {"num_buckets": 2**62, "key": key}, {"num_buckets": 2**62, "key": [str(half) for half in key]})
    numbers = [b"1", b"+1", b" -7\n", b"\x0b1", b"", b"--1", b"1.5", b"1e3", b".5", b"5.", b"1e", b"inf", b"-Infinity", b"nan", b"1_0", b"0012", b"9223372036854775807",
               b"9223372036854775808", b"2147483648", b"1e400", b"4e38", b"1e-45", b"\xc2\xa01", b"1\x00", b"+-1", b"infinit"]
    for text in numbers:
        for dtype in ("float32", "float64", "int32", "int64"):
            case("StringToNumber", {"string_tensor": [text]}, {"out_type": NAMES[dtype]}, {"out_type": dtype})
    for value in (np.array([0, -5, 2**62], np.int64), np.array([-2**31, 7], np.int32), np.array([True, False])):
        case("AsString", {"input": value}, {})
    for to in ("int32", "int64", "float32", "float64", "bool"):
        for value in (np.array([-3, 0, 2**40 + 1], np.int64), np.array([1.9, -1.9, 0.0], np.float32), np.array([True, False])):
            case("Cast", {"x": value}, {"DstT": NAMES[to]}, {"DstT": to})


def pieces() -> None:
    words, splits = tf.constant([b"a", b"bb", b"c", b"", b"e\xcc\x81"]), np.array([0, 3, 3, 4, 5], np.int64)
    for widths, pad, short in (([2], 0, False), ([1, 2], 0, False), ([3], -1, False), ([2, 3], 1, False), ([4], 0, True), ([5], 1, True), ([1, 2, 3], 0, True)):
        given = {"separator": b" ", "ngram_widths": widths, "left_pad": b"<", "right_pad": b">", "pad_width": pad, "preserve_short_sequences": short}
        written = given | {name: b64(given[name]) for name in ("separator", "left_pad", "right_pad")}
        case("StringNGrams", {"data": words, "data_splits": splits}, given, written)
    for errors in ("replace", "ignore"):
        given = {"input_encoding": "UTF-8", "errors": errors, "replacement_char": 65533, "replace_control_characters": False}
        case("UnicodeDecode", {"input": tf.constant(TEXTS)}, given | {"Tsplits": tf.int64}, given | {"Tsplits": "int64"})
        encoded = {"output_encoding": "UTF-8", "errors": errors, "replacement_char": 65533}
        points = np.array([97, 0, 0xE9, 0x20AC, 0x1F600, 0xD800, 0xDFFF, 0x110000, -1], np.int32)
        case("UnicodeEncode", {"input_values": points, "input_splits": np.array([0, 2, 2, 5, 9], np.int64)}, encoded)


def shapes() -> None:
    cube, pair = np.arange(24, dtype=np.int64).reshape(2, 3, 4), tf.constant([[b"a", b"b"], [b"c", b"d"]])
    masks = {name: 0 for name in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")}
    for begin, end, strides, set_masks in (
        ([0, 1], [2, 3], [1, 1], {}), ([1], [2], [1], {"shrink_axis_mask": 1}), ([-1], [0], [1], {"shrink_axis_mask": 1, "end_mask": 1}), ([5], [6], [1], {"shrink_axis_mask": 1}),
        ([0, 0], [0, 1], [1, 1], {"ellipsis_mask": 1, "shrink_axis_mask": 2}), ([0, 0], [0, 0], [1, -1], {"begin_mask": 3, "end_mask": 3}), ([0, 0, 3], [9, 9, 0], [1, 2, -2], {"new_axis_mask": 1}),
        ([2], [1], [1], {}), ([0], [-1], [1], {}),
    ):
        case("StridedSlice", {"input": cube, "begin": np.array(begin, np.int32), "end": np.array(end, np.int32), "strides": np.array(strides, np.int32)}, masks | set_masks)
    case("Slice", {"input": cube, "begin": np.array([0, 1, 0]), "size": np.array([-1, 2, 3])}, {})
    case("Transpose", {"x": cube, "perm": np.array([2, 0, 1])}, {})
    case("GatherV2", {"params": cube, "indices": np.array([[2, 0]]), "axis": np.int32(1)}, {"batch_dims": 0})
    case("GatherV2", {"params": pair, "indices": np.array([5]), "axis": np.int32(0)}, {"batch_dims": 0})
    for shape in ([-1], [4, -1], [6, 4], [5, -1], []):
        case("Reshape", {"tensor": cube, "shape": np.array(shape, np.int32)}, {})
    case("Pack", {"values": [pair, pair]}, {"axis": -1})
    case("Unpack", {"value": pair}, {"axis": 1, "num": 2})
    case("ConcatV2", {"values": [cube, cube[:, :1]], "axis": np.int32(-2)}, {})
    case("Tile", {"input": pair, "multiples": np.array([2, 3])}, {})
    case("Fill", {"dims": np.array([2, 2]), "value": tf.constant("z")}, {})
    case("Range", {"start": np.int32(5), "limit": np.int32(-2), "delta": np.int32(-3)}, {})
    case("PadV2", {"input": pair, "paddings": np.array([[1, 0], [0, 2]]), "constant_values": tf.constant("-")}, {})
    case("OneHot", {"indices": np.array([[0, 2, -1]]), "depth": np.int32(3), "on_value": np.float32(5), "off_value": np.float32(-1)}, {"axis": -1})
    case("OneHot", {"indices": np.array([1, 3]), "depth": np.int32(3), "on_value": np.int64(1), "off_value": np.int64(0)}, {"axis": 0})
    case("SparseToDense", {"sparse_indices": np.array([[0, 1], [1, 2]]), "output_shape": np.array([2, 3]), "sparse_values": [b"p", b"q"], "default_value": b""}, {"validate_indices": True})
    case("ExpandDims", {"input": pair, "axis": np.int32(-2)}, {})
    case("SelectV2", {"condition": [[True], [False]], "t": pair, "e": tf.constant("n")}, {})
    case("BroadcastTo", {"input": tf.constant([b"k"]), "shape": np.array([2, 3])}, {})
    case("Where", {"condition": np.array([[True, False], [True, True]])}, {})


def numbers() -> None:
    for dtype in (np.int64, np.int32, np.float32):
        first, second = np.array([[7, -7, 0], [5, -128, 3]], dtype), np.array([3, -2, 5], dtype)
        for operation in ("AddV2", "Sub", "Mul", "FloorDiv", "FloorMod", "Maximum", "Minimum", "Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"):
            case(operation, {"x": first, "y": second}, {})
        for operation in ("Neg", "Abs", "Sign"):
            case(operation, {"x": first}, {})
        for operation in ("Max", "Min", "Sum", "Prod"):
            for axes in ([0], [1], [0, -1], []):
                case(operation, {"input": first, "axis": np.array(axes, np.int32)}, {"keep_dims": axes == [1]})
            case(operation, {"input": first[:0], "axis": np.array([0], np.int32)}, {"keep_dims": False})
        for exclusive in (True, False):
            for reverse in (True, False):
                case("Cumsum", {"x": first, "axis": np.int32(-1)}, {"exclusive": exclusive, "reverse": reverse})
    case("FloorDiv", {"x": np.int64(1), "y": np.int64(0)}, {})
    case("Mul", {"x": np.int32(2**30), "y": np.int32(6)}, {})
    case("Maximum", {"x": np.float32([np.nan, 1]), "y": np.float32([1, np.nan])}, {})
    case("Equal", {"x": tf.constant([b"a", b"b"]), "y": tf.constant(b"a")}, {})
    case("LogicalAnd", {"x": [True, False], "y": [True]}, {})
    case("All", {"input": [[True, False], [True, True]], "axis": [1]}, {"keep_dims": False})
    values, splits = np.array([2, 0, 2, 9, 1], np.int64), np.array([0, 0, 3, 3, 5], np.int64)
    for weights in (np.array([], np.float32), np.array([1, 2, 3, 4, 5], np.float32)):
        for binary in (True, False):
            case("RaggedBincount", {"splits": splits, "values": values, "size": np.int64(4), "weights": weights}, {"binary_output": binary})
            case("DenseBincount", {"input": values, "size": np.int64(3), "weights": weights}, {"binary_output": binary})
    case("DenseBincount", {"input": values[:4].reshape(2, 2), "size": np.int64(3), "weights": np.array([], np.int64)}, {"binary_output": False})
    case("DenseBincount", {"input": np.array([-1], np.int64), "size": np.int64(3), "weights": np.array([], np.int64)}, {"binary_output": False})
    for shape in (np.int64(-1), np.array([-1, 2], np.int64), np.array([3, 5], np.int64), np.array([6, -1], np.int64)):
        common = {"shape": shape, "values": np.array([1, 2, 3, 4, 5], np.int64), "default_value": np.int64(0)}
        case("RaggedTensorToTensor", common | {"row_partition_tensors": [np.int64(4), np.array([0, 0, 0, 2, 2], np.int64)]}, {"row_partition_types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]})
        case("RaggedTensorToTensor", common | {"row_partition_tensors": [splits]}, {"row_partition_types": ["ROW_SPLITS"]})
    outer = [np.array([0, 2, 3], np.int64), np.array([0, 1, 1, 5], np.int64)]
    case("RaggedTensorToTensor", {"shape": np.int64(-1), "values": tf.constant([b"a", b"b", b"c", b"d", b"e"]), "default_value": b"", "row_partition_tensors": outer}, {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]})


def every_code_point() -> list[dict[str, Any]]:
    """Return, for operations that leave most code points as they are, those that they change."""
    points = [point for point in range(0x110000)]
    texts = tf.constant([chr(point).encode("utf-8", "surrogatepass") for point in points])
    found = []
    for operation, given, written in (
        ("StringLower", {"encoding": ""}, {"encoding": ""}), ("StringUpper", {"encoding": ""}, {"encoding": ""}), ("StringStrip", {}, {}),
        ("StaticRegexReplace", {"pattern": KERAS, "rewrite": "", "replace_global": True}, {"pattern": KERAS_EXPLICIT, "rewrite": "", "replace_global": True}),
    ):
        answers = getattr(tf.raw_ops, operation)(input=texts, **given).numpy().tolist()
        changed = {str(point): b64(answer) for point, text, answer in zip(points, texts.numpy().tolist(), answers) if text != answer}
        found.append({"operation": operation, "attributes": written, "changed": changed})
    rows = tf.raw_ops.StringSplitV2(input=tf.constant([text + b"x" for text in texts.numpy().tolist()]), sep="")
    kept = dict(zip(rows.indices.numpy()[:, 0].tolist(), rows.values.numpy().tolist()))
    changed = {str(point): b64(kept[point]) for point in points if kept[point] == b"x"}
    return [*found, {"operation": "split", "attributes": {"maxsplit": -1}, "changed": changed}]


def main() -> None:
    strings()
    hashes_and_numbers()
    pieces()
    shapes()
    numbers()
    text = json.dumps({"cases": cases, "everyCodePoint": every_code_point()}, separators=(",", ":"))
    (Path(__file__).parent / "cases.json").write_text(text.replace('},{"operation"', '},\n{"operation"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
