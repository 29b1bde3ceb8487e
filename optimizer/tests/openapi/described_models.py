"""Descriptions of models, and the schemas that their documents have."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from tensorflow_optimizer.documents.job import ModelFormat
from tensorflow_optimizer.documents.manifest import LiteRtTensor, ModelDescription, Runtime, Signature, Tensor
from tensorflow_optimizer.openapi import openapi_document

Tensors = dict[str, tuple[str, list[int]]]


def tensors(given: Tensors, *, batched: bool) -> dict[str, Tensor]:
    return {
        name: Tensor(
            dtype=dtype,
            shape=[-1, *shape] if batched else shape,
            tensor=LiteRtTensor(dtype=dtype, shape=[1, *shape] if batched else shape),
        )
        for name, (dtype, shape) in given.items()
    }


def signature(inputs: Tensors, outputs: Tensors, *, batched: bool = True) -> Signature:
    """Return a signature of tensors by their types and by the shapes of one row, or of a whole without a batch."""
    return Signature(
        batched=batched, inputs=tensors(inputs, batched=batched), outputs=tensors(outputs, batched=batched)
    )


def described(default: str = "serving_default", **signatures: Signature) -> ModelDescription:
    return ModelDescription(
        schema_version=1,
        model="zoo",
        version=1,
        runtime=Runtime.NATIVE,
        default_signature=default,
        signatures=signatures,
    )


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    """Return the validator of a component."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def validators(description: ModelDescription, served_by: ModelFormat = ModelFormat.LITERT) -> Any:
    """Return `accepts(component, body)` of a model's document."""
    document = openapi_document(description, served_by=served_by)

    def accepts(name: str, body: Any) -> bool:
        return bool(validator(document, name).is_valid(body))

    return accepts
