"""Composes openapi.json, which says in OpenAPI 3.1 what a published model's servers answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..documents.job import ModelFormat
from .components import Components
from .examples import infer_examples, predict_examples
from .inference import infer_request, infer_response, tensor_metadata
from .predict import predict_request, predict_response
from .values import exactly, list_of, only

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..documents.manifest import ModelDescription
    from .examples import Exchange
    from .values import Schema

OPENAPI_FILE = "openapi.json"

_JSON = "application/json"
_BINARY = "application/octet-stream"
_IMAGES = ("image/jpeg", "image/png")
_ERRORS = {
    "400": "The request is not one that the model can answer.",
    "408": "The request's body did not arrive in time.",
    "413": "The request, or its answer, is too large.",
    "500": "The model failed; the log has the reason.",
    "503": "The server is busy, or shuts down: try again later.",
    "504": "The request was not answered in time.",
}
_PREDICT_RULES = """\
A schema cannot say some rules:

* In column format all inputs have the same number of rows.
* An integer is written without a point and without an exponent: `1`, not `1.0`.
* A number may also be `NaN`, `Infinity` or `-Infinity`, in a request and in an answer, although that is not JSON.
* No object has a member twice.
* An operation of the model may refuse a value, such as an index beyond its table.
* The request and its answer have at most the bytes that the server takes and returns.
"""
_IMAGE_RULES = """
A row of an input for images may be `{"b64": "..."}`: a JPEG or PNG, which the server decodes and resizes.
Where a signature has this one input, the body may be the image itself. A file that is no such image is refused.
"""
_INFER_RULES = """\
Without the parameter `signature_name` the default signature answers.
Tensors in binary form are not described here; an answer has them if the request asks for them.

A schema cannot say some rules:

* All inputs have the same number of rows, which is the first number of `shape`.
* `data` has as many values as `shape` says: in one list, or nested as the shape is.
* The rules of a predict request about numbers, members and bytes.
"""
_INFER_IMAGE_RULES = """
An input for images may be a tensor of the type BYTES: a JPEG or PNG for each row, in base64.
"""


def openapi_document(
    description: ModelDescription,
    golden: Mapping[str, Any] | None = None,
    *,
    served_by: ModelFormat = ModelFormat.LITERT,
) -> dict[str, Any]:
    """Return the document of a version.

    Args:
        description: The version.
        golden: Its golden requests, the first of which become examples.
        served_by: The format, which decides who serves it: TensorFlow Serving does not speak the second protocol.
    """
    if served_by is not ModelFormat.LITERT:
        description = description.model_copy(update={"labels": None})  # Only our own servers name classes.
    components = Components()
    base = f"/v1/models/{description.model}"
    examples = predict_examples(golden)
    paths: dict[str, Any] = {
        f"{base}:predict": {"post": _predict(description, components, examples)},
        base: {"get": _get("modelStatus", "State of the model", components.refer("Status", _status()))},
        f"{base}/metadata": {
            "get": _get("modelMetadata", "Its signatures", components.refer("Metadata", _metadata(description)))
        },
    }
    if served_by is ModelFormat.LITERT:
        document = {"type": "object", "required": ["openapi"]}
        paths[f"{base}/{OPENAPI_FILE}"] = {"get": _get("openapi", "This document", document)}
        paths.update(_inference_paths(description, components, examples))
    components.refer("Error", exactly({"error": {"type": "string"}}))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": description.model,
            "version": str(description.version),
            "description": f"Version {description.version} of the model {description.model}. Its default signature is "
            f"`{description.default_signature}`.",
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "responses": {
                f"Error{status}": {
                    "description": text,
                    "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
                }
                for status, text in _ERRORS.items()
            },
        },
    }


def openapi_text(document: dict[str, Any]) -> str:
    """Return the text that is published: the same for the same document."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"


def _predict(description: ModelDescription, components: Components, examples: list[Exchange]) -> dict[str, Any]:
    body = _request(components.refer("PredictRequest", predict_request(description, components)), examples)
    inputs = list(description.signatures[description.default_signature].inputs.values())
    if len(inputs) == 1 and inputs[0].image is not None:
        body["content"] |= {media: {"schema": {"type": "string", "contentMediaType": media}} for media in _IMAGES}
    return {
        "operationId": "predict",
        "summary": "A prediction, by TensorFlow Serving's API",
        "description": _PREDICT_RULES + (_IMAGE_RULES if _takes_images(description) else ""),
        "requestBody": body,
        "responses": {
            "200": _answer(components.refer("PredictResponse", predict_response(description, components)), examples),
            **_errors(*_ERRORS),
        },
    }


def _takes_images(description: ModelDescription) -> bool:
    signatures = description.signatures.values()
    return any(tensor.image for signature in signatures for tensor in signature.inputs.values())


def _inference_paths(
    description: ModelDescription, components: Components, examples: list[Exchange]
) -> dict[str, dict[str, Any]]:
    model = f"/v2/models/{description.model}"
    exchanges = infer_examples(description, examples)
    answer = _answer(components.refer("InferResponse", infer_response(description, components)), exchanges)
    answer["content"][_BINARY] = {"schema": {"type": "string", "contentMediaType": _BINARY}}
    answer["headers"] = {
        "Inference-Header-Content-Length": {
            "description": "Bytes of the JSON that precedes tensors in binary form, where there are any.",
            "schema": {"type": "integer"},
        }
    }
    infer = {
        "operationId": "infer",
        "summary": "A prediction, by the Open Inference Protocol",
        "description": _INFER_RULES + (_INFER_IMAGE_RULES if _takes_images(description) else ""),
        "requestBody": _request(components.refer("InferRequest", infer_request(description, components)), exchanges),
        "responses": {"200": answer, **_errors(*_ERRORS)},
    }
    live: dict[str, Schema] = {"live": {"const": True}}
    server = {"name": {"type": "string"}, "version": {"type": "string"}, "extensions": {"type": "array"}}
    ready: dict[str, Schema] = {"name": {"const": description.model}, "ready": {"const": True}}
    described = components.refer("InferMetadata", _inference_metadata(description))
    return {
        f"{model}/infer": {"post": infer},
        model: {"get": _get("inferMetadata", "Inputs and outputs of the default signature", described)},
        f"{model}/ready": {"get": _get("inferModelReady", "State of the model", exactly(ready))},
        "/v2": {"get": _get("inferServer", "Name and extensions of the server", exactly(server))},
        "/v2/health/live": {"get": _get("inferLive", "State of the server", exactly(live))},
        "/v2/health/ready": {
            "get": _get("inferReady", "State of the server", exactly({**live, "ready": {"const": True}}))
        },
    }


def _get(name: str, summary: str, schema: Schema) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": {"200": _answer(schema, []), **_errors("503")}}


def _request(schema: Schema, examples: list[Exchange]) -> dict[str, Any]:
    return {"required": True, "content": {_JSON: {"schema": schema, **_examples(asked for asked, _ in examples)}}}


def _answer(schema: Schema, examples: list[Exchange]) -> dict[str, Any]:
    content = {"schema": schema, **_examples(answered for _, answered in examples)}
    return {"description": "The answer", "content": {_JSON: content}}


def _examples(values: Any) -> dict[str, Any]:
    named = {f"golden{number}": {"value": value} for number, value in enumerate(values, start=1)}
    return {"examples": named} if named else {}


def _errors(*statuses: str) -> dict[str, Any]:
    return {status: {"$ref": f"#/components/responses/Error{status}"} for status in statuses}


def _status() -> Schema:
    """Return what both servers answer: TensorFlow Serving has other states, too."""
    state = {
        "version": {"type": "string"},
        "state": {"type": "string"},
        "status": exactly({"error_code": {"type": "string"}, "error_message": {"type": "string"}}),
    }
    return exactly({"model_version_status": {"type": "array", "items": exactly(state)}})


def _metadata(description: ModelDescription) -> Schema:
    signatures = {name: {"type": "object"} for name in description.signatures}
    named = {"type": "object", "required": list(signatures), "properties": signatures}
    return exactly(
        {
            "model_spec": exactly(
                {
                    "name": {"const": description.model},
                    "signature_name": {"type": "string"},
                    "version": {"type": "string"},
                }
            ),
            "metadata": {
                "type": "object",
                "required": ["signature_def"],
                "properties": {"signature_def": exactly({"signature_def": named})},
            },
        }
    )


def _inference_metadata(description: ModelDescription) -> Schema:
    signature = description.signatures[description.default_signature]
    tensors = {
        kind: list_of(only([tensor_metadata(name, tensor) for name, tensor in entries.items()]), len(entries))
        for kind, entries in (("inputs", signature.inputs), ("outputs", signature.outputs))
    }
    return exactly(
        {
            "name": {"const": description.model},
            "versions": {"type": "array", "items": {"type": "string"}},
            "platform": {"type": "string"},
            **tensors,
        }
    )
