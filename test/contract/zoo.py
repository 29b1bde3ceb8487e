"""Makes the LiteRT model that `cases.json` asks: one signature for each kind of tensor that LiteRT can have.

It computes what the model computes that TensorFlow Serving was asked, whose answers the cases hold.

    python test/contract/zoo.py DIRECTORY
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(REPOSITORY / name) for name in ("runtime/handler/tests", "optimizer/src")]

NAME, VERSION = "zoo", 1
#: Models whose inputs are the tensors themselves; the others take one row at a time.
WITHOUT_BATCH = {"scalar", "log", "mixed"}


def signatures() -> dict[str, Any]:
    """Return the functions of the model by the names of their signatures."""
    import tensorflow as tf

    def function(body: Any, **inputs: Any) -> Any:
        specs = [tf.TensorSpec(shape, dtype, name=name) for name, (shape, dtype) in inputs.items()]
        return tf.function(body, input_signature=specs)

    one, numbers = ([1, 2], tf.float32), ([1], tf.float32)
    weights = tf.constant([[1.0, 2.0], [3.0, 4.0]])

    def half(x: Any) -> Any:  # LiteRT has no arithmetic on float16
        return {"y": tf.cast(tf.cast(x, tf.float32) * 2, tf.float16)}

    same = {"byte": tf.uint8, "small": tf.int8, "u32": tf.uint32, "u64": tf.uint64, "i16": tf.int16}
    return {
        "serving_default": function(lambda x: {"y": tf.matmul(x, weights)}, x=one),
        "two": function(
            lambda a, b: {"p": tf.reduce_sum(a, 1) + tf.cast(b, tf.float32), "q": b * 2}, a=one, b=([1], tf.int32)
        ),
        "scalar": function(lambda x: {"y": x * 2}, x=([], tf.float32)),
        "mixed": function(lambda x: {"rows": x * 2, "sum": tf.reduce_sum(x)}, x=([2], tf.float32)),
        "flag": function(lambda x: {"y": tf.logical_not(x)}, x=([1], tf.bool)),
        "long": function(lambda x: {"y": x + 1}, x=([1], tf.int64)),
        "half": function(half, x=([1], tf.float16)),
        "ident": function(lambda x: {"y": x}, x=numbers),
        "log": function(lambda x: {"y": tf.math.log(x)}, x=([], tf.float32)),
        **{name: function(lambda x: {"y": x}, x=([1], dtype)) for name, dtype in same.items()},
    }


def make(directory: Path) -> None:
    """Write model.tflite and model.json."""
    from handler_models import convert, describe

    file = directory / "model.tflite"
    directory.mkdir(parents=True, exist_ok=True)
    file.write_bytes(convert(directory / "saved_model", signatures()))
    naming = {"model": NAME, "version": VERSION}
    description = json.loads(describe(file, **naming))
    without = json.loads(describe(file, batched=False, **naming))
    for name in WITHOUT_BATCH:
        description["signatures"][name] = without["signatures"][name]
    (directory / "model.json").write_text(json.dumps(description))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
