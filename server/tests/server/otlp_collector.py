"""Stands in for a collector of OpenTelemetry, which takes spans by OTLP over HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from loopback import Loopback, Quiet
from protobuf_messages import Field, classes

if TYPE_CHECKING:
    from collections.abc import Callable

# Messages of opentelemetry/proto/trace/v1/trace.proto and what it imports.
_MESSAGES: dict[str, list[tuple[str, int, Any]]] = {
    "AnyValue": [("string_value", 1, Field.TYPE_STRING), ("int_value", 3, Field.TYPE_INT64)],
    "KeyValue": [("key", 1, Field.TYPE_STRING), ("value", 2, "AnyValue")],
    "Resource": [("attributes", 1, "KeyValue")],
    "Status": [("code", 3, Field.TYPE_INT32)],
    "Span": [
        ("trace_id", 1, Field.TYPE_BYTES),
        ("span_id", 2, Field.TYPE_BYTES),
        ("trace_state", 3, Field.TYPE_STRING),
        ("parent_span_id", 4, Field.TYPE_BYTES),
        ("name", 5, Field.TYPE_STRING),
        ("kind", 6, Field.TYPE_INT32),
        ("start_time_unix_nano", 7, Field.TYPE_FIXED64),
        ("end_time_unix_nano", 8, Field.TYPE_FIXED64),
        ("attributes", 9, "KeyValue"),
        ("status", 15, "Status"),
    ],
    "ScopeSpans": [("spans", 2, "Span")],
    "ResourceSpans": [("resource", 1, "Resource"), ("scope_spans", 2, "ScopeSpans")],
    "Export": [("resource_spans", 1, "ResourceSpans")],
}
_CLASSES = classes("otlp", _MESSAGES, {"attributes", "spans", "scope_spans", "resource_spans"})
SERVER, UNSET, ERROR = 2, 0, 2


@dataclass(frozen=True)
class Span:
    """One span, with its resource's attributes."""

    name: str
    kind: int
    parent: str
    trace_state: str
    trace_parent: str
    nanoseconds: int
    attributes: dict[str, str | int]
    status: int
    resource: dict[str, str | int]


class Collector(Loopback):
    """Keeps what it is sent.

    Args:
        answer: Gives the status of the answer to a call; by default every span is taken.
    """

    def __init__(self, answer: Callable[[], int] = lambda: 200) -> None:
        self.spans: list[Span] = []
        self.headers: list[dict[str, str]] = []
        collector = self

        class Answers(Quiet, BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answer() if self.path == "/v1/traces" else 404
                if status == 200:
                    collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                    collector.spans += _spans(body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Answers)
        self.flag = f"--otlp_endpoint={self.url}"


def _spans(body: bytes) -> list[Span]:
    found = []
    for resource in _CLASSES["Export"].FromString(body).resource_spans:
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            found.append(
                Span(
                    name=span.name,
                    kind=span.kind,
                    parent=span.parent_span_id.hex(),
                    trace_state=span.trace_state,
                    trace_parent=f"00-{span.trace_id.hex()}-{span.span_id.hex()}-01",
                    nanoseconds=span.end_time_unix_nano - span.start_time_unix_nano,
                    attributes=_attributes(span.attributes),
                    status=span.status.code,
                    resource=_attributes(resource.resource.attributes),
                )
            )
    return found


def _attributes(pairs: Any) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in pairs}
