"""Bodies of predict requests of TensorFlow Serving's API, and of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .values import can_be_rows, element, exactly, item_shape, list_of, nested, only, whole

if TYPE_CHECKING:
    from ..documents.manifest import ModelDescription, Signature, Tensor
    from .components import Components
    from .values import Schema

#: Classes that an answer names of each row.
_MOST_CLASSES = 5


def predict_request(description: ModelDescription, components: Components) -> Schema:
    """Return the schema of a predict request: to one of the signatures, in one of the two formats."""
    return only(
        [
            request
            for name, signature in description.signatures.items()
            for request in _requests(name, signature, components, is_default=name == description.default_signature)
        ]
    )


def predict_response(description: ModelDescription, components: Components) -> Schema:
    """Return the schema of a prediction, in the format of its request."""
    return only(
        [
            response
            for name, signature in description.signatures.items()
            for response in _responses(name, signature, components, _labels(description, signature))
        ]
    )


def _requests(name: str, signature: Signature, components: Components, *, is_default: bool) -> list[Schema]:
    # Not `default`: generators of clients then want it in each request.
    named: Schema = {"enum": [name, ""]} if is_default else {"const": name}

    def request(member: str, other: str, values: Schema) -> Schema:
        return {
            "type": "object",
            "title": f"{name}: {member}",
            "required": [member, *([] if is_default else ["signature_name"])],
            "properties": {"signature_name": named, member: values, other: False},
        }

    columns = _members(name, "inputs", signature, components)
    plain = list(columns.values()) if len(columns) == 1 else []
    requests = [request("inputs", "instances", only([*plain, exactly(columns)]))]
    if can_be_rows(signature):
        requests.insert(0, request("instances", "inputs", _instances(name, signature, components)))
    return requests


def _instances(name: str, signature: Signature, components: Components) -> Schema:
    """Return the schema of a list of rows: all plain values, or all objects of the inputs."""
    rows = _row_members(name, "inputs", signature, components)
    size = None if signature.batched else _rows(signature.inputs)
    plain = [list_of(row, size) for row in rows.values()] if len(rows) == 1 else []
    return only([*plain, list_of(exactly(rows), size)])


def _responses(name: str, signature: Signature, components: Components, labels: list[str]) -> list[Schema]:
    classes = _classes(signature, labels)

    def response(member: str, values: Schema) -> Schema:
        members = {member: values, **({"classes": classes} if classes else {})}
        return {"type": "object", "title": f"{name}: {member}", "required": list(members), "properties": members}

    columns = _members(name, "outputs", signature, components)
    responses = [response("outputs", next(iter(columns.values())) if len(columns) == 1 else exactly(columns))]
    if can_be_rows(signature):
        rows = _row_members(name, "outputs", signature, components)
        row = next(iter(rows.values())) if len(rows) == 1 else exactly(rows)
        size = None if signature.batched else _rows(signature.outputs)
        responses.insert(0, response("predictions", list_of(row, size)))
    return responses


def _members(name: str, kind: str, signature: Signature, components: Components) -> dict[str, Schema]:
    """Return the schemas of all inputs or outputs, with their rows."""
    tensors: dict[str, Tensor] = getattr(signature, kind)
    if not signature.batched:
        return {
            key: components.refer(f"{name}.{kind}.{key}", whole(tensor, batched=False))
            for key, tensor in tensors.items()
        }
    return {key: list_of(row) for key, row in _row_members(name, kind, signature, components).items()}


def _row_members(name: str, kind: str, signature: Signature, components: Components) -> dict[str, Schema]:
    """Return the schemas of one row of all inputs or outputs."""
    tensors: dict[str, Tensor] = getattr(signature, kind)
    if signature.batched:
        return {
            key: components.refer(f"{name}.{kind}.{key}", nested(tensor, item_shape(tensor, batched=True)))
            for key, tensor in tensors.items()
        }
    return {key: nested(tensor, item_shape(tensor, batched=False)[1:]) for key, tensor in tensors.items()}


def _rows(tensors: dict[str, Any]) -> int | None:
    return item_shape(next(iter(tensors.values())), batched=False)[0]


def _labels(description: ModelDescription, signature: Signature) -> list[str]:
    """Return the labels that answers may name: only those of a batch."""
    return list(description.labels or []) if signature.batched else []


def _classes(signature: Signature, labels: list[str]) -> Schema | None:
    scores = next(
        (tensor for tensor in signature.outputs.values() if item_shape(tensor, batched=True) == [len(labels)]), None
    )
    if not labels or scores is None:
        return None
    ranked = exactly({"label": {"enum": labels}, "score": element(scores)})
    return list_of(list_of(ranked, min(_MOST_CLASSES, len(labels))))
