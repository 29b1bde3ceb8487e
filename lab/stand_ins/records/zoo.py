"""Makes the model that TensorFlow Serving 2.20 was asked for `answers.json`: one signature for each kind of tensor.

python lab/stand_ins/records/zoo.py DIRECTORY
"""

from __future__ import annotations

import sys
from typing import Any

import tensorflow as tf

ROWS = [None]


def function(body: Any, **inputs: tuple[Any, Any]) -> Any:
    """Return a signature's function, with the shapes and types of its inputs."""
    specs = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]
    return tf.function(body, input_signature=specs)


def same(dtype: Any) -> Any:
    """Return a signature that answers what it was given."""
    return function(lambda x: {"y": x}, x=(ROWS, dtype))


def twice(shape: Any, dtype: Any) -> Any:
    """Return a signature that doubles."""
    return function(lambda x: {"y": x * 2}, x=(shape, dtype))


class Zoo(tf.Module):
    """One function for each signature."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
        text, numbers = (ROWS, tf.string), (ROWS, tf.float32)
        self.functions = {
            "serving_default": function(lambda x: {"y": tf.matmul(x, self.weights)}, x=([None, 2], tf.float32)),
            "two": function(
                lambda a, b: {"p": tf.reduce_sum(a, 1) + tf.cast(b, tf.float32), "q": b * 2},
                a=([None, 2], tf.float32),
                b=(ROWS, tf.int32),
            ),
            "text": function(lambda s: {"t": tf.strings.join([s, "!"])}, s=text),
            "raw": function(lambda s: {"t_bytes": tf.strings.join([s, "!"])}, s=text),
            "rawin": function(
                lambda img_bytes: {"n": tf.strings.length(img_bytes), "t_bytes": img_bytes}, img_bytes=text
            ),
            "scalar": twice([], tf.float32),
            "mixed": function(lambda x: {"rows": x * 2, "sum": tf.reduce_sum(x)}, x=numbers),
            "flag": function(lambda x: {"y": tf.logical_not(x)}, x=(ROWS, tf.bool)),
            "long": function(lambda x: {"y": x + 1}, x=(ROWS, tf.int64)),
            "byte": same(tf.uint8),
            "small": same(tf.int8),
            "u32": same(tf.uint32),
            "u64": same(tf.uint64),
            "i16": same(tf.int16),
            "half": twice(ROWS, tf.float16),
            "bf16": twice(ROWS, tf.bfloat16),
            "double": twice(ROWS, tf.float64),
            "cplx": same(tf.complex64),
            "ident": same(tf.float32),
            "log": function(lambda x: {"y": tf.math.log(x)}, x=([], tf.float32)),
            "bad": function(self.refuse, x=numbers),
            "anyrank": function(lambda x: {"y": x}, x=(None, tf.float32)),
        }

    @staticmethod
    def refuse(x: Any) -> dict[str, Any]:
        """Fail for anything but positive numbers."""
        with tf.control_dependencies([tf.debugging.assert_positive(x)]):
            return {"y": x}


if __name__ == "__main__":
    zoo = Zoo()
    tf.saved_model.save(zoo, sys.argv[1], signatures=zoo.functions)
