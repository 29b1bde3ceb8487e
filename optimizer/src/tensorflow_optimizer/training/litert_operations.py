"""LiteRT's operations as functions of TensorFlow, with the gradients that training needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

#: Takes an operator's options and its inputs: tensors, and constants as arrays.
Operation = Callable[[Any, Sequence[Any]], Any]


def operations() -> dict[str, Operation]:
    """Return the operations by their names; an activation in the operator is not part of them."""
    import tensorflow as tf

    return {
        "ADD": lambda _, given: given[0] + given[1],
        "AVERAGE_POOL_2D": lambda options, given: tf.nn.avg_pool2d(given[0], **_window(options)),
        "CONCATENATION": lambda options, given: tf.concat(given, options.axis),
        "CONV_2D": _convolution,
        "DEPTHWISE_CONV_2D": _depthwise,
        "FULLY_CONNECTED": _dense,
        "GELU": lambda options, given: tf.nn.gelu(given[0], options.approximate),
        "HARD_SWISH": lambda _, given: given[0] * tf.nn.relu6(given[0] + 3) / 6,
        "LEAKY_RELU": lambda options, given: tf.nn.leaky_relu(given[0], options.alpha),
        "LOGISTIC": lambda _, given: tf.nn.sigmoid(given[0]),
        "MAX_POOL_2D": lambda options, given: tf.nn.max_pool2d(given[0], **_window(options)),
        "MEAN": lambda options, given: tf.reduce_mean(given[0], list(given[1].reshape(-1)), options.keepDims),
        "MUL": lambda _, given: given[0] * given[1],
        "PAD": lambda _, given: tf.pad(given[0], given[1]),
        "RELU": lambda _, given: tf.nn.relu(given[0]),
        "RELU6": lambda _, given: tf.nn.relu6(given[0]),
        "RESHAPE": _reshape,
        "SOFTMAX": lambda options, given: tf.nn.softmax(given[0] * options.beta),
        "SUB": lambda _, given: given[0] - given[1],
        "TANH": lambda _, given: tf.nn.tanh(given[0]),
    }


def activations() -> dict[str, Callable[[Any], Any]]:
    """Return the activations that operators hold, by their names."""
    import tensorflow as tf

    return {"NONE": lambda value: value, "RELU": tf.nn.relu, "RELU6": tf.nn.relu6, "TANH": tf.nn.tanh}


def _padding(options: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    return "SAME" if options.padding == schema.Padding.SAME else "VALID"


def _window(options: Any) -> dict[str, Any]:
    return {
        "ksize": [options.filterHeight, options.filterWidth],
        "strides": [options.strideH, options.strideW],
        "padding": _padding(options),
    }


def _convolution(options: Any, given: Sequence[Any]) -> Any:
    import tensorflow as tf

    rows, weights, bias = given
    dilations = [options.dilationHFactor, options.dilationWFactor]
    kernel = tf.transpose(weights, [1, 2, 3, 0])
    return tf.nn.conv2d(rows, kernel, [options.strideH, options.strideW], _padding(options), dilations=dilations) + bias


def _depthwise(options: Any, given: Sequence[Any]) -> Any:
    import tensorflow as tf

    rows, weights, bias = given
    height, width = weights.shape[1:3]
    kernel = tf.reshape(weights, [height, width, rows.shape[-1], options.depthMultiplier])
    strides, dilations = [1, options.strideH, options.strideW, 1], [options.dilationHFactor, options.dilationWFactor]
    return tf.nn.depthwise_conv2d(rows, kernel, strides, _padding(options), dilations=dilations) + bias


def _dense(options: Any, given: Sequence[Any]) -> Any:
    import tensorflow as tf

    rows, weights, bias = given
    flat = rows if options.keepNumDims else tf.reshape(rows, [-1, weights.shape[1]])
    return tf.tensordot(flat, weights, [[-1], [1]]) + bias


def _reshape(options: Any, given: Sequence[Any]) -> Any:
    import tensorflow as tf

    shape = list(options.newShape) if len(given) == 1 else [int(size) for size in given[1]]
    # The file takes one row at a time, and training many.
    return tf.reshape(given[0], [-1 if shape[0] == 1 and -1 not in shape else shape[0], *shape[1:]])
