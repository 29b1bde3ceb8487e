"""Bodies of inference requests of the Open Inference Protocol, and of their answers, in JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .values import element, exactly, item_shape, list_of, only, whole

if TYPE_CHECKING:
    from ..documents.manifest import ModelDescription, Tensor
    from .components import Components
    from .values import Schema

#: Names of types that are not the NumPy name in capitals.
_DATATYPES = {"float16": "FP16", "float32": "FP32", "float64": "FP64"}
#: Parameters that would change the answer, and that no server offers.
_REFUSED = ("sequence_id", "sequence_start", "sequence_end", "shared_memory_region", "classification")
_LARGEST_INT64 = 2**63 - 1
_LONGEST_ID = 2**16


def datatype(tensor: Tensor) -> str:
    """Return the protocol's name of a tensor's type."""
    return _DATATYPES.get(tensor.dtype, tensor.dtype.upper())


def infer_request(description: ModelDescription, components: Components) -> Schema:
    """Return the schema of an inference request to one of the signatures."""
    return only([_request(name, description, components) for name in description.signatures])


def infer_response(description: ModelDescription, components: Components) -> Schema:
    """Return the schema of the answer to an inference request."""
    return only(
        [
            {
                "type": "object",
                "title": name,
                "required": ["model_name", "model_version", "outputs"],
                "properties": {
                    "model_name": {"const": description.model},
                    "model_version": {"const": str(description.version)},
                    "id": {"type": "string"},
                    "outputs": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": len(signature.outputs),
                        "items": only(
                            [
                                components.refer(
                                    f"{name}.infer.outputs.{key}", _output(key, tensor, batched=signature.batched)
                                )
                                for key, tensor in signature.outputs.items()
                            ]
                        ),
                    },
                },
            }
            for name, signature in description.signatures.items()
        ]
    )


def tensor_metadata(name: str, tensor: Tensor) -> Schema:
    """Return the schema of an input or output in the model's metadata."""
    return exactly(
        {"name": {"const": name}, "datatype": {"const": datatype(tensor)}, "shape": {"const": list(tensor.shape)}}
    )


def _request(name: str, description: ModelDescription, components: Components) -> Schema:
    signature, signatures = description.signatures[name], list(description.signatures)
    is_default = name == description.default_signature
    inputs = [
        components.refer(
            f"{name}.infer.inputs.{key}", _input(key, tensor, signatures, components, batched=signature.batched)
        )
        for key, tensor in signature.inputs.items()
    ]
    own = _parameters(["", name] if is_default else [name], components, f"{name}.infer.parameters")
    parameters = _optional(own) if is_default else {"allOf": [own, {"required": ["signature_name"]}]}
    return {
        "type": "object",
        "title": name,
        "required": ["inputs", *([] if is_default else ["parameters"])],
        "properties": {
            "id": {"type": ["string", "null"], "maxLength": _LONGEST_ID},
            "parameters": parameters,
            "inputs": {**list_of(only(inputs), len(inputs)), **_each(inputs)},
            "outputs": {
                "type": ["array", "null"],
                "maxItems": len(signature.outputs),
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {
                        "name": {"enum": list(signature.outputs)},
                        "parameters": _optional(_parameters(["", *signatures], components, "infer.parameters")),
                    },
                },
                **_once(list(signature.outputs)),
            },
        },
    }


def _each(inputs: list[Schema]) -> dict[str, Any]:
    """Require all of several inputs, in any order."""
    return {"allOf": [{"contains": schema} for schema in inputs]} if len(inputs) > 1 else {}


def _once(names: list[str]) -> dict[str, Any]:
    """Refuse an output that is there twice."""
    if len(names) == 1:
        return {}
    named = [{"type": "object", "required": ["name"], "properties": {"name": {"const": name}}} for name in names]
    return {"allOf": [{"contains": schema, "minContains": 0, "maxContains": 1} for schema in named]}


def _input(key: str, tensor: Tensor, signatures: list[str], components: Components, *, batched: bool) -> Schema:
    data = _flat(tensor, batched=batched)
    if item_shape(tensor, batched=False):
        data = only([data, whole(tensor, batched=batched)])
    parameters = _optional(_parameters(["", *signatures], components, "infer.inputs.parameters", in_json=True))
    tensors = [_tensor(key, datatype(tensor), _shape(tensor, batched=batched), data)]
    if tensor.image is not None:
        tensors.append(_images(key, tensor, batched=batched))
    for schema in tensors:
        schema["properties"]["parameters"] = parameters
    return only(tensors)


def _images(key: str, tensor: Tensor, *, batched: bool) -> Schema:
    """Return the schema of a tensor of images, whose shape is `[n]` or `[n, 1]`."""
    count = None if batched else item_shape(tensor, batched=False)[0]
    rows: Schema = {"type": "integer", "minimum": 1, "maximum": _LARGEST_INT64} if count is None else {"const": count}
    shape = {"type": "array", "prefixItems": [rows, {"const": 1}], "minItems": 1, "maxItems": 2}
    return _tensor(key, "BYTES", shape, list_of({"type": "string", "contentEncoding": "base64"}, count))


def _output(key: str, tensor: Tensor, *, batched: bool) -> Schema:
    size = item_shape(tensor, batched=batched)
    shape = list_of({"type": "integer", "minimum": 1}, len(size) + 1) if batched else {"const": size}
    return _tensor(key, datatype(tensor), shape, _flat(tensor, batched=batched))


def _tensor(key: str, type_name: str, shape: Schema, data: Schema) -> Schema:
    return {
        "type": "object",
        "title": key,
        "required": ["name", "datatype", "shape", "data"],
        "properties": {
            "name": {"const": key},
            "datatype": {"const": type_name},
            "shape": shape,
            "data": data,
        },
    }


def _shape(tensor: Tensor, *, batched: bool) -> Schema:
    sizes: list[Schema] = [{"const": size} for size in item_shape(tensor, batched=batched)]
    rows: list[Schema] = [{"type": "integer", "minimum": 1, "maximum": _LARGEST_INT64}] if batched else []
    dimensions = [*rows, *sizes]
    return {
        "type": "array",
        **({"prefixItems": dimensions} if dimensions else {}),
        "minItems": len(dimensions),
        "maxItems": len(dimensions),
    }


def _flat(tensor: Tensor, *, batched: bool) -> Schema:
    """Return the schema of all values in one list: how many rows there are is said by the shape."""
    count = 1
    for size in item_shape(tensor, batched=batched):
        count *= size or 1
    return {"type": "array", "minItems": count, **({} if batched else {"maxItems": count}), "items": element(tensor)}


def _optional(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _parameters(signatures: list[str], components: Components, name: str, *, in_json: bool = False) -> Schema:
    """Return a reference to the schema of parameters: unknown ones are ignored, and those of extensions refused."""
    size: Any = False if in_json else {"type": "integer", "minimum": 0, "maximum": _LARGEST_INT64}
    return components.refer(
        name,
        {
            "type": "object",
            "properties": {
                "signature_name": {"enum": list(dict.fromkeys(signatures))},
                "binary_data_output": {"type": "boolean"},
                "binary_data": {"type": "boolean"},
                "binary_data_size": size,
                **dict.fromkeys(_REFUSED, False),
            },
        },
    )
