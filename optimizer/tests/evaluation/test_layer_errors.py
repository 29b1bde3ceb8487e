"""Errors by layer, of files whose layers have the same names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import Function, save, spec
from tensorflow_optimizer.conversion import LiteRtMode, convert
from tensorflow_optimizer.evaluation import layer_errors
from tensorflow_optimizer.runners.describe import describe_signatures

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Sandbox

ROWS = {"x": np.ones((2, 1, 4), np.float32)}


def converted(directory: Path, width: int, mode: LiteRtMode) -> Path:
    """Return a network of two layers, the first of so many units."""
    module = Function()
    random = np.random.default_rng(1)
    sizes = [(4, width), (width, 3)]
    module.weights = [tf.Variable(random.standard_normal(size).astype(np.float32)) for size in sizes]

    def body(x: Any) -> dict[str, Any]:
        return {"y": tf.nn.softmax(x @ module.weights[0] @ module.weights[1])}

    module.body = tf.function(body, input_signature=[spec([1, 4], "x")])
    content = convert(save(directory, module, serving_default=module.body), mode, ["serving_default"], None)
    file = directory.with_suffix(".tflite")
    file.write_bytes(content)
    return file


@pytest.mark.parametrize(("width", "weights"), [(512, ["int8", "int8"]), (600, [])])
def test_layers_of_other_sizes_are_not_compared_although_they_have_the_same_names(
    width: int, weights: list[str], tmp_path: Path, sandbox: Sandbox
) -> None:
    floats = converted(tmp_path / "floats", 512, LiteRtMode.FLOAT32)
    quantized = converted(tmp_path / "quantized", width, LiteRtMode.DYNAMIC_RANGE)
    described = describe_signatures(quantized.read_bytes(), {"serving_default": False})["serving_default"]
    found = layer_errors(sandbox, floats, quantized, described, "serving_default", ROWS)
    assert [layer.weights for layer in found] == weights
