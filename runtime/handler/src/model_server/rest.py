"""TensorFlow Serving's REST API for one model, independent of event formats."""

from __future__ import annotations

from . import json_text
from .description import OPENAPI_FILE
from .errors import RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .description import Signature, Tensor
    from .model import Model

MODELS = "/v1/models/"
LARGEST_BODY = 6_291_456
"""Lambda's limit of a synchronous invocation, in both directions."""


class MethodError(RequestError):
    """An existing path with the wrong method."""

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(405, f"method {method[:20]!r} is not allowed here; use {allowed}")
        self.allowed = allowed


def respond(model: Model, method: str, path: str, answer: Callable[[], Any], *, has_hook: bool = False) -> Any:
    """Return the answer to one HTTP request.

    Args:
        model: The model that the request must name.
        method: Method of the request.
        path: Path of the request, without a stage.
        answer: Answers a predict request.
        has_hook: That is the user's own code.

    Raises:
        RequestError: With the status to answer.
    """
    verb = _route(model, path)
    if verb == ":predict":
        _require(method, "POST")
        return answer()
    _require(method, "GET")
    if verb == f"/{OPENAPI_FILE}":
        from .openapi import document  # hardly ever asked for

        return document(model, has_hook=has_hook)
    return _metadata(model) if verb == "/metadata" else _status(model)


def parse(body: str | None) -> Any:
    """Parse a request body.

    Raises:
        RequestError: It is not JSON, or too large.
    """
    if not body:
        raise RequestError(400, "the body is empty; a JSON object with 'instances' or 'inputs' is needed")
    if len(body) > LARGEST_BODY:
        raise RequestError(413, f"the body has {len(body)} bytes, at most {LARGEST_BODY} are allowed; send fewer rows")
    try:
        return json_text.loads(body.removeprefix("\ufeff"))
    except json_text.DuplicateKeyError as error:
        raise RequestError(400, f"the body names {str(error)[:100]!r} twice in one object") from error
    except RecursionError as error:
        raise RequestError(400, "the body is nested too deeply") from error
    except ValueError as error:
        raise RequestError(400, f"the body is not JSON: {str(error)[:200]}") from error


def _route(model: Model, path: str) -> str:
    """Check model and version of `path` and return the rest: "", ":predict", "/metadata" or "/openapi.json"."""
    if not path.startswith(MODELS):
        raise RequestError(404, f"unknown path; this function answers {_paths(model)}")
    resource, colon, verb = path.removeprefix(MODELS).partition(":")
    name, *rest = resource.split("/")
    description = model.description
    if name != description.model:
        raise RequestError(404, f"unknown model {name[:100]!r}; this function serves {description.model!r}")
    if rest[:1] == ["versions"] and len(rest) > 1:
        version = rest[1]
        if not (version.isascii() and version.isdigit()) or version.lstrip("0") != str(description.version):
            raise RequestError(404, f"unknown version {version[:100]!r}; this function serves {description.version}")
        rest = rest[2:]
    elif rest[:1] == ["labels"]:
        raise RequestError(404, f"this function has no version labels; it serves version {description.version}")
    if colon:
        if rest:
            raise RequestError(404, f"unknown path; this function answers {_paths(model)}")
        if verb in {"classify", "regress"}:
            raise RequestError(400, f":{verb} is not offered for LiteRT models; use :predict")
        if verb != "predict":
            raise RequestError(404, f"unknown verb {verb[:100]!r}; use predict")
        return ":predict"
    if rest not in ([], ["metadata"], [OPENAPI_FILE]):
        raise RequestError(404, f"unknown path; this function answers {_paths(model)}")
    return f"/{rest[0]}" if rest else ""


def _paths(model: Model) -> str:
    base = f"{MODELS}{model.description.model}"
    return f"POST {base}:predict, GET {base}, GET {base}/metadata and GET {base}/{OPENAPI_FILE}"


def _require(method: str, allowed: str) -> None:
    if method != allowed:
        raise MethodError(method, allowed)


def _status(model: Model) -> dict[str, Any]:
    return {
        "model_version_status": [
            {
                "version": str(model.description.version),
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def _metadata(model: Model) -> dict[str, Any]:
    description = model.description
    signatures = {name: _signature(signature) for name, signature in description.signatures.items()}
    metadata: dict[str, Any] = {"signature_def": {"signature_def": signatures}}
    batches = {name: signature.batch for name, signature in description.signatures.items() if signature.batch}
    if batches:
        metadata["batch"] = {
            name: {key: value for key, value in batch.items() if value is not None} for name, batch in batches.items()
        }
    return {
        "model_spec": {"name": description.model, "signature_name": "", "version": str(description.version)},
        "metadata": metadata,
    }


def _signature(signature: Signature) -> dict[str, Any]:
    return {
        "inputs": {name: _tensor(tensor) for name, tensor in signature.inputs.items()},
        "outputs": {name: _tensor(tensor) for name, tensor in signature.outputs.items()},
        "method_name": signature.method_name,
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {
        "dtype": tensor.dtype.tensorflow,
        # The name of a node in the SavedModel's graph, which a LiteRT file does not contain.
        "name": "",
        "tensor_shape": {
            "dim": [{"size": str(size), "name": ""} for size in tensor.shape],
            "unknown_rank": False,
        },
    }
