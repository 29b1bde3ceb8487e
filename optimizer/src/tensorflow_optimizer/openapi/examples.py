"""Examples of requests and answers: golden requests, in the form of both protocols."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .inference import datatype
from .values import item_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents.manifest import ModelDescription, Signature, Tensor

_MOST = 3
#: Most characters of all examples together, as JSON: people read the document, too.
_MOST_CHARACTERS = 1 << 15

#: A request and its answer.
Exchange = tuple[Any, Any]


def predict_examples(golden: Mapping[str, Any] | None) -> list[Exchange]:
    """Return the first golden requests, few enough to be read."""
    examples: list[Exchange] = []
    left = _MOST_CHARACTERS
    for entry in golden["requests"][:_MOST] if golden else []:
        left -= len(json.dumps(entry))
        if left < 0:
            break
        examples.append((entry["request"], entry["response"]))
    return examples


def infer_examples(description: ModelDescription, examples: list[Exchange]) -> list[Exchange]:
    """Return the same requests as inference requests, to the same signature."""
    signature = description.signatures[description.default_signature]
    return [
        (
            {"inputs": _tensors(signature, signature.inputs, request, "instances")},
            {
                "model_name": description.model,
                "model_version": str(description.version),
                "outputs": _tensors(signature, signature.outputs, answer, "predictions"),
            },
        )
        for request, answer in examples
    ]


def _tensors(signature: Signature, tensors: dict[str, Tensor], body: dict[str, Any], rows: str) -> list[dict[str, Any]]:
    """Return the tensors of a golden request or answer, which has a single row where it is in row format."""
    values = body[rows][0] if rows in body else next(body[name] for name in ("inputs", "outputs") if name in body)
    named = {next(iter(tensors)): values} if len(tensors) == 1 else values
    return [_tensor(name, tensor, named[name], batched=signature.batched) for name, tensor in tensors.items()]


def _tensor(name: str, tensor: Tensor, value: Any, *, batched: bool) -> dict[str, Any]:
    data = _flat(value)
    if tensor.image is not None and isinstance(data[0], dict):
        texts = [image["b64"] for image in data]
        return {"name": name, "shape": [len(texts)], "datatype": "BYTES", "data": texts}
    shape = [*([1] if batched else []), *item_shape(tensor, batched=batched)]
    return {"name": name, "shape": shape, "datatype": datatype(tensor), "data": data}


def _flat(value: Any) -> list[Any]:
    return [scalar for entry in value for scalar in _flat(entry)] if isinstance(value, list) else [value]
