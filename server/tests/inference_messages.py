"""Messages of the Open Inference Protocol that predict, made from the field numbers of server/proto/inference.proto."""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "pictures.inference"
_TENSOR = [
    ("name", 1, _FIELD.TYPE_STRING),
    ("datatype", 2, _FIELD.TYPE_STRING),
    ("shape", 3, _FIELD.TYPE_INT64),
    ("contents", 5, "InferTensorContents"),
]
_MESSAGES: dict[str, list[tuple[str, int, Any]]] = {
    "InferTensorContents": [("fp32_contents", 6, _FIELD.TYPE_FLOAT), ("bytes_contents", 8, _FIELD.TYPE_BYTES)],
    "Tensor": _TENSOR,
    "ModelInferRequest": [
        ("model_name", 1, _FIELD.TYPE_STRING),
        ("inputs", 5, "Tensor"),
        ("raw_input_contents", 7, _FIELD.TYPE_BYTES),
    ],
    "ModelInferResponse": [("outputs", 5, "Tensor"), ("raw_output_contents", 6, _FIELD.TYPE_BYTES)],
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


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="pictures_inference.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            label = _FIELD.LABEL_REPEATED if field in _REPEATED else _FIELD.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}")) for name in _MESSAGES
    }


_CLASSES = _messages()
ModelInferRequest, ModelInferResponse = _CLASSES["ModelInferRequest"], _CLASSES["ModelInferResponse"]
