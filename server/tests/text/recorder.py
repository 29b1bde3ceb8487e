"""Records steps with what TensorFlow answers to them."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import tensorflow as tf

NAMES = {
    "string": tf.string,
    "int64": tf.int64,
    "int32": tf.int32,
    "float32": tf.float32,
    "float64": tf.float64,
    "bool": tf.bool,
    "uint8": tf.uint8,
}
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
        values = [
            number if np.isfinite(number) else str(number).replace("inf", "Infinity").replace("nan", "NaN")
            for number in flat.tolist()
        ]
    else:
        values = flat.tolist()
    return {"dtype": name, "shape": list(np.shape(array)), "values": values}


def case(
    operation: str,
    inputs: dict[str, Any],
    attributes: dict[str, Any],
    written: dict[str, Any] | None = None,
    **given: Any,
) -> None:
    """Add a case.

    Args:
        operation: TensorFlow's name.
        inputs: By the names of its arguments.
        attributes: For TensorFlow.
        written: What text.json says, where that is not `attributes`.
        given: For TensorFlow only.
    """
    several = ("values", "inputs", "dense_inputs", "row_partition_tensors")
    flat = [
        value
        for name, values in inputs.items()
        for value in (values if name in several and isinstance(values, list) else [values])
    ]
    entry: dict[str, Any] = {
        "operation": operation,
        "inputs": [document(value) for value in flat],
        "attributes": attributes if written is None else written,
    }
    try:
        answer = getattr(tf.raw_ops, operation)(**inputs, **(attributes | given))
        outputs = list(answer) if isinstance(answer, (tuple, list)) else [answer]
        entry["outputs"] = [document(value) for value in outputs]
    except (
        tf.errors.InvalidArgumentError,
        tf.errors.OutOfRangeError,
        UnicodeDecodeError,
    ):  # the last where the message has the bytes
        entry["outputs"] = None
    cases.append(entry)


def b64(text: bytes) -> str:
    return base64.b64encode(text).decode()
