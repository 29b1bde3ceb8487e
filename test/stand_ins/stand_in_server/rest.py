"""The REST API: TensorFlow Serving's paths, bodies and status codes."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from stand_in_server import json_reader, json_writer
from stand_in_server.codec import read_inputs, read_signature_name, write_outputs
from stand_in_server.errors import CallError

if TYPE_CHECKING:
    from stand_in_server.metrics import Metrics
    from stand_in_server.models import Models

_WHICH = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_PREDICTION = re.compile(rf"/v1/models/(?P<name>[^/:]+){_WHICH}:(?P<verb>classify|regress|predict)", re.IGNORECASE)
_STATUS = re.compile(rf"/v1/models(?:/(?P<name>[^/:]+))?{_WHICH}(?:/(?P<part>metadata))?", re.IGNORECASE)

#: Status codes of HTTP by those of gRPC; 500 for the others.
_HTTP = {
    "OK": 200,
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}


class Answer(NamedTuple):
    """What goes out."""

    status: int
    content_type: str
    content: bytes


class _Target(NamedTuple):
    """What a path names."""

    name: str = ""
    version: int | None = None
    label: str | None = None
    #: Verb or part of the model, as it is written.
    what: str = ""


class _NumberError(CallError):
    """A version that is too large. Its answer has no body."""


class Api:
    """Answers one request, free of HTTP."""

    def __init__(self, models: Models, metrics: Metrics, prometheus_path: str | None, timeout_ms: int = 0) -> None:
        self._models = models
        self._metrics = metrics
        self._prometheus_path = prometheus_path
        self._timeout_ms = timeout_ms

    def respond(self, method: str, target: str, body: bytes) -> Answer | None:
        """Return an answer, or nothing where the path is not of this API.

        A query string is part of the path to everything but the look for who answers.
        """
        if target.partition("?")[0] == self._prometheus_path:
            if target == self._prometheus_path:
                return Answer(200, "text/plain", self._metrics.text().encode())
            return Answer(400, "text/plain", f"Unexpected path: {target}. Should be {self._prometheus_path}".encode())
        if not target.lower().startswith("/v1/"):
            return None
        started, status, asked = time.perf_counter(), "OK", _Target()
        try:
            asked = _parse(method, target)
            content = self._answer(method, asked, body)
        except CallError as error:
            status = error.code
            content = b"" if isinstance(error, _NumberError) else json_writer.error(str(error))
        api = asked.what if method == "POST" else ""
        self._metrics.add(asked.name, status, api, "REST", 1e6 * (time.perf_counter() - started))
        return Answer(_HTTP.get(status, 500), "application/json", content)

    def _answer(self, method: str, asked: _Target, body: bytes) -> bytes:
        if method == "POST":
            if asked.what == "predict":
                return self._predict(asked, body)
            if asked.what in {"classify", "regress"}:
                return self._classify(asked, body)
            raise CallError(f"Malformed request: {method} {asked.name}:{asked.what}")
        if not asked.name:
            raise CallError("Missing model name in request.")
        return self._metadata(asked) if asked.what == "metadata" else self._status(asked)

    def _predict(self, asked: _Target, body: bytes) -> bytes:
        request = json_reader.read(body)
        signature = read_signature_name(request)
        _, servable = self._models.find(asked.name, asked.version, asked.label)
        definition = servable.signature(signature)
        inputs, rows = read_inputs(servable.dtypes(definition), request)
        return write_outputs(servable.predict(definition, inputs, timeout_ms=self._timeout_ms), rows=rows)

    def _classify(self, asked: _Target, body: bytes) -> bytes:
        request = json_reader.read(body)
        read_signature_name(request)
        if not isinstance(request.first(b"examples"), list) or not request.first(b"examples"):
            raise CallError("key 'examples' is expected, with a list/array that is not empty")
        self._models.find(asked.name, asked.version, asked.label)
        raise CallError(f"the stand-in server cannot {asked.what}: no signature of the model is taken to be for it")

    def _status(self, asked: _Target) -> bytes:
        states = [
            {
                "version": str(number),
                "state": state,
                "status": {"error_code": "UNKNOWN" if error else "OK", "error_message": error},
            }
            for number, state, error in self._models.states(asked.name, asked.version)
        ]
        return json.dumps({"model_version_status": states}, indent=1, ensure_ascii=False).encode() + b"\n"

    def _metadata(self, asked: _Target) -> bytes:
        from google.protobuf import json_format
        from tensorflow_serving.apis import get_model_metadata_pb2

        number, servable = self._models.find(asked.name, asked.version, asked.label)
        definitions = get_model_metadata_pb2.SignatureDefMap()
        for signature, definition in servable.signatures.items():
            definitions.signature_def[signature].CopyFrom(definition)
        text = json_format.MessageToDict(
            definitions, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        specification = {"name": asked.name, "signature_name": "", "version": str(number)}
        parts = (json.dumps(part, indent=1, ensure_ascii=False).encode() + b"\n" for part in (specification, text))
        return b'{\n"model_spec":%b,\n"metadata": {"signature_def": %b}\n}\n' % tuple(parts)


def _parse(method: str, target: str) -> _Target:
    pattern = {"POST": _PREDICTION, "GET": _STATUS}.get(method)
    match = pattern.fullmatch(target) if pattern else None
    if match is None:
        raise CallError(f"Malformed request: {method} {target}")
    version = match["version"]
    if version and int(version) >= 2**63:
        raise _NumberError(f"Failed to convert version: {version} to numeric.")
    return _Target(
        unquote(match["name"] or ""),
        int(version) if version else None,
        unquote(match["label"]) if match["label"] else None,
        (match["verb"] if method == "POST" else match["part"]) or "",
    )
