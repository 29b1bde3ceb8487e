"""Messages of the Open Inference Protocol that predict, made from the field numbers of server/proto/inference.proto."""

from __future__ import annotations

from typing import Any

from protobuf_messages import Field, classes

_TENSOR = [
    ("name", 1, Field.TYPE_STRING),
    ("datatype", 2, Field.TYPE_STRING),
    ("shape", 3, Field.TYPE_INT64),
    ("contents", 5, "InferTensorContents"),
]
_MESSAGES: dict[str, list[tuple[str, int, Any]]] = {
    "InferTensorContents": [("fp32_contents", 6, Field.TYPE_FLOAT), ("bytes_contents", 8, Field.TYPE_BYTES)],
    "Tensor": _TENSOR,
    "ModelInferRequest": [
        ("model_name", 1, Field.TYPE_STRING),
        ("inputs", 5, "Tensor"),
        ("raw_input_contents", 7, Field.TYPE_BYTES),
    ],
    "ModelInferResponse": [("outputs", 5, "Tensor"), ("raw_output_contents", 6, Field.TYPE_BYTES)],
}
_REPEATED = {
    "shape",
    "inputs",
    "outputs",
    "raw_input_contents",
    "raw_output_contents",
    "fp32_contents",
    "bytes_contents",
}

_CLASSES = classes("images.inference", _MESSAGES, _REPEATED)
ModelInferRequest, ModelInferResponse = _CLASSES["ModelInferRequest"], _CLASSES["ModelInferResponse"]
