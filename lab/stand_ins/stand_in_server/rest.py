"""The REST API: TensorFlow Serving's paths, bodies and status codes."""

from __future__ import annotations

import json
import re
import socket
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

from stand_in_server.codec import read_body, read_inputs, write_outputs
from stand_in_server.errors import CallError

if TYPE_CHECKING:
    from stand_in_server.metrics import Metrics
    from stand_in_server.models import Models

_TARGET = re.compile(
    r"/v1/models/(?P<name>[^/:?]+)(?:/versions/(?P<version>[0-9]{1,18}))?(?P<part>/metadata|:predict)?"
)
_HTTP = {"OK": 200, "INVALID_ARGUMENT": 400, "NOT_FOUND": 404, "UNIMPLEMENTED": 501}
"""Status codes of HTTP by those of gRPC; 500 for the others."""


class Api:
    """Answers one request, free of HTTP."""

    def __init__(self, models: Models, metrics: Metrics, prometheus_path: str | None) -> None:
        self._models = models
        self._metrics = metrics
        self._prometheus_path = prometheus_path

    def respond(self, method: str, target: str, body: bytes) -> tuple[int, str, bytes]:
        """Return the status, the content type and the content of an answer."""
        if target == self._prometheus_path:
            return 200, "text/plain", self._metrics.text().encode()
        if not target.startswith("/v1/"):
            return 404, "text/html", b"Not Found"
        started, status = time.perf_counter(), "OK"
        asked = _TARGET.fullmatch(target)
        name, part = (unquote(asked["name"]), asked["part"] or "") if asked else ("", "")
        version = int(asked["version"]) if asked and asked["version"] else None
        try:
            if not asked or method != ("POST" if part == ":predict" else "GET"):
                raise CallError(f"Malformed request: {method} {target}")
            if part == ":predict":
                content = self._predict(name, version, body)
            else:
                content = self._metadata(name, version) if part else self._status(name, version)
        except CallError as error:
            status, content = error.code, json.dumps({"error": str(error)}).encode()
        api = "predict" if part == ":predict" else ""
        self._metrics.add(name, status, api, "REST", 1e6 * (time.perf_counter() - started))
        return _HTTP.get(status, 500), "application/json", content

    def _predict(self, name: str, version: int | None, content: bytes) -> bytes:
        body = read_body(content)
        _, servable = self._models.find(name, version)
        definition = servable.signature(body.get("signature_name", ""))
        inputs, rows = read_inputs(servable.dtypes(definition), body)
        return write_outputs(servable.predict(definition, inputs), rows=rows)

    def _status(self, name: str, version: int | None) -> bytes:
        states = [
            {
                "version": str(number),
                "state": state,
                "status": {"error_code": "UNKNOWN" if error else "OK", "error_message": error},
            }
            for number, state, error in self._models.states(name, version)
        ]
        return json.dumps({"model_version_status": states}).encode()

    def _metadata(self, name: str, version: int | None) -> bytes:
        from google.protobuf import json_format
        from tensorflow_serving.apis import get_model_metadata_pb2

        number, servable = self._models.find(name, version)
        definitions = get_model_metadata_pb2.SignatureDefMap()
        for signature, definition in servable.signatures.items():
            definitions.signature_def[signature].CopyFrom(definition)
        signatures = json_format.MessageToDict(
            definitions, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        specification = {"name": name, "signature_name": "", "version": str(number)}
        return json.dumps({"model_spec": specification, "metadata": {"signature_def": signatures}}).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: Api

    def respond(self) -> None:
        """Answer a request of any method."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content_type, content = self.api.respond(self.command, self.path, body)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            # libevent answers so for TensorFlow Serving. A client that keeps connections would use this one again.
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = respond  # noqa: N815 - the base's names

    def log_message(self, *_: object) -> None:
        """The server logs no requests."""


class _Server(ThreadingHTTPServer):
    address_family = socket.AF_INET
    daemon_threads = True
    request_queue_size = 128


def open_rest(api: Api, port: int) -> ThreadingHTTPServer:
    """Bind the REST port. The caller serves it."""
    return _Server(("0.0.0.0", port), type("Handler", (_Handler,), {"api": api}))
