"""The REST API: TensorFlow Serving's paths, bodies and status codes."""

from __future__ import annotations

import json
import re
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from stand_in_server.codec import read_inputs, write_outputs
from stand_in_server.models import NotFoundError
from stand_in_server.servable import CallError

if TYPE_CHECKING:
    from stand_in_server.metrics import Metrics
    from stand_in_server.models import Models

_PATH = re.compile(
    r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
    r"(?:(?P<metadata>/metadata)|:(?P<verb>[a-z]+))?"
)


class Api:
    """Answers one request, free of HTTP."""

    def __init__(self, models: Models, metrics: Metrics, prometheus_path: str | None) -> None:
        self._models = models
        self._metrics = metrics
        self._prometheus_path = prometheus_path

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Return status, content type and body of an answer."""
        path = path.partition("?")[0]
        if self._prometheus_path and (method, path) == ("GET", self._prometheus_path):
            return 200, "text/plain", self._metrics.text().encode()
        if not path.startswith("/v1/"):
            return 404, "text/html", b""
        try:
            answer = self._answer(method, path, body)
        except NotFoundError as error:
            return _error(404, str(error))
        except CallError as error:
            return _error(400, str(error))
        return 200, "application/json", json.dumps(answer, indent=4).encode()

    def _answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        parts = _PATH.fullmatch(path)
        verb = parts["verb"] if parts else None
        if parts is None or (method, verb) not in {("GET", None), ("POST", "predict")} or (verb and parts["metadata"]):
            raise CallError(f"Malformed request: {method} {path}")
        version = int(parts["version"]) if parts["version"] else None
        if verb:
            return self._predict(parts["name"], version, parts["label"], body)
        if parts["metadata"]:
            return self._metadata(parts["name"], version, parts["label"])
        return {
            "model_version_status": [
                {
                    "version": str(number),
                    "state": state,
                    "status": {"error_code": "UNKNOWN" if error else "OK", "error_message": error},
                }
                for number, state, error in self._models.states(parts["name"], version)
            ]
        }

    def _predict(self, name: str, version: int | None, label: str | None, body: bytes) -> dict[str, Any]:
        started, status = time.perf_counter(), "INVALID_ARGUMENT"
        try:
            _, servable = self._models.find(name, version, label)
            try:
                request = json.loads(body)
            except ValueError as error:
                raise CallError(f"JSON Parse error: {error}") from error
            if not isinstance(request, dict):
                raise CallError("JSON Value: the body must be an object")
            definition = servable.signature(request.get("signature_name", ""))
            inputs, rows = read_inputs(servable, definition, request)
            answer = write_outputs(servable.predict(definition, inputs), rows=rows)
            status = "OK"
        except NotFoundError:
            status = "NOT_FOUND"
            raise
        finally:
            self._metrics.add(name, status, 1e6 * (time.perf_counter() - started))
        return answer

    def _metadata(self, name: str, version: int | None, label: str | None) -> dict[str, Any]:
        from google.protobuf import json_format
        from tensorflow_serving.apis import get_model_metadata_pb2

        number, servable = self._models.find(name, version, label)
        definitions = get_model_metadata_pb2.SignatureDefMap()
        for signature, definition in servable.signatures.items():
            definitions.signature_def[signature].CopyFrom(definition)
        text = json_format.MessageToDict(
            definitions, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        return {
            "model_spec": {"name": name, "signature_name": "", "version": str(number)},
            "metadata": {"signature_def": text},
        }


def _error(status: int, message: str) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps({"error": message}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def do_GET(self) -> None:
        """Answer a status, metadata or metrics request."""
        self._respond("GET")

    def do_POST(self) -> None:
        """Answer a predict request."""
        self._respond("POST")

    def log_message(self, *_: object) -> None:
        """The server logs no requests."""

    def _respond(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content_type, content = self.api.respond(method, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            # As libevent answers for TensorFlow Serving. A client that keeps connections would ask this one again.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET
    daemon_threads = True
    request_queue_size = 128


def open_rest(api: Api, port: int) -> ThreadingHTTPServer:
    """Bind the REST port. The caller serves it."""
    return _Server(("0.0.0.0", port), type("Handler", (_Handler,), {"api": api}))
