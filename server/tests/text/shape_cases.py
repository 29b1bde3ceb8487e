"""Cases of steps on shapes."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from recorder import NAMES, case


def shapes() -> None:
    cube, pair = np.arange(24, dtype=np.int64).reshape(2, 3, 4), tf.constant([[b"a", b"b"], [b"c", b"d"]])
    masks = dict.fromkeys(("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask"), 0)
    for begin, end, strides, set_masks in (
        ([0, 1], [2, 3], [1, 1], {}),
        ([1], [2], [1], {"shrink_axis_mask": 1}),
        ([-1], [0], [1], {"shrink_axis_mask": 1, "end_mask": 1}),
        ([5], [6], [1], {"shrink_axis_mask": 1}),
        ([0, 0], [0, 1], [1, 1], {"ellipsis_mask": 1, "shrink_axis_mask": 2}),
        ([0, 0], [0, 0], [1, -1], {"begin_mask": 3, "end_mask": 3}),
        ([0, 0, 3], [9, 9, 0], [1, 2, -2], {"new_axis_mask": 1}),
        ([2], [1], [1], {}),
        ([0], [-1], [1], {}),
    ):
        case(
            "StridedSlice",
            {
                "input": cube,
                "begin": np.array(begin, np.int32),
                "end": np.array(end, np.int32),
                "strides": np.array(strides, np.int32),
            },
            masks | set_masks,
        )
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
    case(
        "OneHot",
        {
            "indices": np.array([[0, 2, -1]]),
            "depth": np.int32(3),
            "on_value": np.float32(5),
            "off_value": np.float32(-1),
        },
        {"axis": -1},
    )
    case(
        "OneHot",
        {"indices": np.array([1, 3]), "depth": np.int32(3), "on_value": np.int64(1), "off_value": np.int64(0)},
        {"axis": 0},
    )
    case(
        "SparseToDense",
        {
            "sparse_indices": np.array([[0, 1], [1, 2]]),
            "output_shape": np.array([2, 3]),
            "sparse_values": [b"p", b"q"],
            "default_value": b"",
        },
        {"validate_indices": True},
    )
    case("ExpandDims", {"input": pair, "axis": np.int32(-2)}, {})
    case("SelectV2", {"condition": [[True], [False]], "t": pair, "e": tf.constant("n")}, {})
    case("BroadcastTo", {"input": tf.constant([b"k"]), "shape": np.array([2, 3])}, {})
    case("Where", {"condition": np.array([[True, False], [True, True]])}, {})


def sizes() -> None:
    cube = np.arange(6, dtype=np.int64).reshape(1, 3, 1, 2)
    words = tf.constant([[b"a", b"b"], [b"c", b"d"]])
    for value in (cube, words, np.array([], np.float32), np.array(True), np.array([[7]], np.uint8)):
        for dtype in ("int32", "int64"):
            for operation in ("Shape", "Size"):
                case(operation, {"input": value}, {"out_type": NAMES[dtype]}, {"out_type": dtype})
        case("Rank", {"input": value}, {})
        case("ZerosLike", {"x": value}, {})
    for value in (cube, np.array(False), np.array([2.5], np.float64), np.array([[7]], np.uint8)):
        case("OnesLike", {"x": value}, {})
    for axes in ([], [0], [-2], [0, 2], [1], [4]):
        case("Squeeze", {"input": cube}, {"axis": axes}, {"squeeze_dims": axes})


def choices() -> None:
    cube = np.arange(6, dtype=np.int64).reshape(1, 3, 1, 2)
    words, others = tf.constant([[b"a", b"b"], [b"c", b"d"]]), tf.constant([[b"1", b"2"], [b"3", b"4"]])
    for condition in (True, [True, False], [[True, False], [False, True]], [True]):
        case("Select", {"condition": condition, "x": words, "y": others}, {})
    for condition in (True, [True, False], [[True], [False]], [True, False, True]):
        case("SelectV2", {"condition": condition, "t": words, "e": others}, {})
    case("SelectV2", {"condition": [True, False], "t": np.int64(5), "e": np.array([[1], [2], [3]], np.int64)}, {})
    for value, pads in (
        (cube, [[0, 0], [1, 2], [0, 1], [0, 0]]),
        (words, [[0, 1], [1, 0]]),
        (np.array([True]), [[1, 1]]),
        (words, [[1, 1]]),
    ):
        case("Pad", {"input": value, "paddings": np.array(pads, np.int32)}, {})
    for indices in (np.int64(1), np.array([], np.int32), np.array([-1], np.int32)):
        case("GatherV2", {"params": words, "indices": indices, "axis": np.int64(-1)}, {"batch_dims": 0})
    case("ConcatV2", {"values": [words, others[:1]], "axis": np.int32(0)}, {})
    case("ConcatV2", {"values": [words, others[:1]], "axis": np.int32(1)}, {})
    case("Slice", {"input": words, "begin": np.array([0, 1], np.int32), "size": np.array([2, -1], np.int32)}, {})
    case("Slice", {"input": words, "begin": np.array([0, 1], np.int32), "size": np.array([2, 2], np.int32)}, {})
    case("Transpose", {"x": words, "perm": np.array([1, 0], np.int32)}, {})
    case("Range", {"start": np.int64(0), "limit": np.int64(5), "delta": np.int64(2)}, {})
    case("Range", {"start": np.int64(0), "limit": np.int64(5), "delta": np.int64(0)}, {})
    case("Range", {"start": np.int64(0), "limit": np.int64(5), "delta": np.int64(-1)}, {})
