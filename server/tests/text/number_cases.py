"""Cases of steps on numbers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from recorder import case


def numbers() -> None:
    for dtype in (np.int64, np.int32, np.float32):
        first, second = np.array([[7, -7, 0], [5, -128, 3]], dtype), np.array([3, -2, 5], dtype)
        for operation in (
            "AddV2",
            "Sub",
            "Mul",
            "FloorDiv",
            "FloorMod",
            "Maximum",
            "Minimum",
            "Equal",
            "NotEqual",
            "Less",
            "LessEqual",
            "Greater",
            "GreaterEqual",
        ):
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
    case("Maximum", {"x": np.array([np.nan, 1], np.float32), "y": np.array([1, np.nan], np.float32)}, {})
    case("Equal", {"x": tf.constant([b"a", b"b"]), "y": tf.constant(b"a")}, {})
    case("LogicalAnd", {"x": [True, False], "y": [True]}, {})
    case("All", {"input": [[True, False], [True, True]], "axis": [1]}, {"keep_dims": False})
    values, splits = np.array([2, 0, 2, 9, 1], np.int64), np.array([0, 0, 3, 3, 5], np.int64)
    for weights in (np.array([], np.float32), np.array([1, 2, 3, 4, 5], np.float32)):
        for binary in (True, False):
            case(
                "RaggedBincount",
                {"splits": splits, "values": values, "size": np.int64(4), "weights": weights},
                {"binary_output": binary},
            )
            case("DenseBincount", {"input": values, "size": np.int64(3), "weights": weights}, {"binary_output": binary})
    case(
        "DenseBincount",
        {"input": values[:4].reshape(2, 2), "size": np.int64(3), "weights": np.array([], np.int64)},
        {"binary_output": False},
    )
    case(
        "DenseBincount",
        {"input": np.array([-1], np.int64), "size": np.int64(3), "weights": np.array([], np.int64)},
        {"binary_output": False},
    )
    for shape in (np.int64(-1), np.array([-1, 2], np.int64), np.array([3, 5], np.int64), np.array([6, -1], np.int64)):
        common = {"shape": shape, "values": np.array([1, 2, 3, 4, 5], np.int64), "default_value": np.int64(0)}
        case(
            "RaggedTensorToTensor",
            common | {"row_partition_tensors": [np.int64(4), np.array([0, 0, 0, 2, 2], np.int64)]},
            {"row_partition_types": ["FIRST_DIM_SIZE", "VALUE_ROWIDS"]},
        )
        case(
            "RaggedTensorToTensor",
            common | {"row_partition_tensors": [splits]},
            {"row_partition_types": ["ROW_SPLITS"]},
        )
    outer = [np.array([0, 2, 3], np.int64), np.array([0, 1, 1, 5], np.int64)]
    case(
        "RaggedTensorToTensor",
        {
            "shape": np.int64(-1),
            "values": tf.constant([b"a", b"b", b"c", b"d", b"e"]),
            "default_value": b"",
            "row_partition_tensors": outer,
        },
        {"row_partition_types": ["ROW_SPLITS", "ROW_SPLITS"]},
    )


def truths() -> None:
    for operation in ("LogicalOr", "LogicalAnd"):
        case(operation, {"x": [[True], [False]], "y": [True, False]}, {})
    case("LogicalNot", {"x": [True, False]}, {})
    for operation in ("Any", "All"):
        for axes in ([0], [1], [-1, 0], []):
            case(
                operation,
                {"input": [[True, False, True], [False, False, True]], "axis": np.array(axes, np.int32)},
                {"keep_dims": axes == [1]},
            )
        case(operation, {"input": np.zeros((0, 2), bool), "axis": np.array([0], np.int32)}, {"keep_dims": False})
    for weights in (
        np.array([], np.float32),
        np.array([1, 2, 4, 8, 16], np.float32),
        np.array([1, 1, 1, 1, 5], np.int64),
    ):
        case("Bincount", {"arr": np.array([2, 0, 2, 9, 1], np.int32), "size": np.int32(4), "weights": weights}, {})
    case("Bincount", {"arr": np.array([-1], np.int32), "size": np.int32(4), "weights": np.array([], np.float32)}, {})
    for value in (
        np.array([[0, 3], [-1, 0]], np.int64),
        np.array([0, -0.0, np.nan, 1], np.float32),
        np.array(True),
        np.zeros((2, 0), bool),
    ):
        case("Where", {"condition": value}, {})


def odd_numbers() -> None:
    odd = np.array([np.nan, -0.0, np.inf, -np.inf, 2.5, -2.5], np.float32)
    for operation in (
        "Equal",
        "NotEqual",
        "Less",
        "LessEqual",
        "Greater",
        "GreaterEqual",
        "Maximum",
        "Minimum",
        "FloorDiv",
        "FloorMod",
    ):
        case(operation, {"x": odd[:, None], "y": np.array([np.nan, 0.0, 1.5, -1.5], np.float32)}, {})
    for operation in ("Neg", "Abs", "Sign"):
        case(operation, {"x": odd}, {})
    for operation in ("Max", "Min", "Sum", "Prod"):
        case(
            operation,
            {"input": np.array([[np.nan, 1], [2, np.nan], [3, 4]], np.float32), "axis": np.array([1], np.int32)},
            {"keep_dims": False},
        )
