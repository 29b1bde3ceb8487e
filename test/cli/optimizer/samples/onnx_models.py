"""Writes two models of ONNX, of which one exchanges the first two channels of the other: `onnx_models.py DIRECTORY`."""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)
kernel = random.standard_normal((8, 3, 3, 3)).astype(np.float32)
weights = random.standard_normal((8 * 6 * 6, 4)).astype(np.float32)
for name, order in (("classifier", [0, 1, 2]), ("exchanged", [1, 0, 2])):
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "kernel"], ["filtered"], pads=[1, 1, 1, 1], kernel_shape=[3, 3]),
            helper.make_node("Relu", ["filtered"], ["active"]),
            helper.make_node("MaxPool", ["active"], ["pooled"], kernel_shape=[2, 2], strides=[2, 2]),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
            helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        ],
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, 12, 12])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 4])],
        [numpy_helper.from_array(kernel[:, order], "kernel"), numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    onnx.save(model, Path(sys.argv[1]) / f"{name}.onnx")
