"""Lambda's events: Function URL and HTTP API (payload 2.0), REST API (payload 1.0), direct invocation."""

from __future__ import annotations

from . import json_text, rest
from .codec import SMALLEST_TEXT
from .errors import RequestError
from .predict import predict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hook import Hook
    from .model import Model


_SOURCES = {"deliveryStreamArn": "aws:firehose", "awslogs": "aws:logs", "requestPayload": "aws:lambda"}
"""Sources of events that are no requests, by a member that only their events have."""


class SourceError(Exception):
    """An event of a queue, stream or rule, which is no request.

    Raised, because its source looks only at that: it takes an answer for a success, and a queue deletes its messages.
    """

    def __init__(self, source: str, problem: RequestError) -> None:
        super().__init__(f"an event of {source} is no request, put a function of yours before this one: {problem}")


def answer(model: Model, event: Any, hook: Hook | None = None) -> Any:
    """Answer one event.

    An event with `requestContext` came by HTTP and gets a proxy response. Any other is the request body itself and gets
    the answer's body, with `error` if the request is wrong. With a hook, it handles predict requests.
    """
    return respond(model, event, hook)[2]


def respond(model: Model, event: Any, hook: Hook | None = None) -> tuple[int, str | None, Any]:
    """Answer one event; return the status, the problem with the request, and the answer."""
    if came_by_http(event):
        status, problem, response = _proxy(model, event, hook)
        return status, problem, _with_lists(event, response)
    try:
        if hook is not None:
            return 200, None, _fitting_text(hook.answer(model, event))
        return 200, None, _fitting(predict(model, event, direct=True))
    except RequestError as error:
        source = source_of(event)
        if source is not None:
            raise SourceError(source, error) from error
        # The runtime's encoder writes UTF-8 itself and fails on lone surrogates, which JSON can contain.
        problem = str(error).encode(errors="replace").decode()
        return error.status, problem, {"error": problem}


def came_by_http(event: Any) -> bool:
    """Return whether an event came by HTTP, and so gets a proxy response.

    What Lambda sends to a destination has a `requestContext`, too.
    """
    return isinstance(event, dict) and "requestContext" in event and "requestPayload" not in event


def source_of(event: Any) -> str | None:
    """Return the source of an event that is no request.

    That is a queue, a stream, a topic, a bucket, a batch operation, a pipe, a broker, a database, a log, a rule, or the
    outcome of an asynchronous invocation.
    """
    records = event.get("Records") if isinstance(event, dict) else event
    source = None
    if isinstance(records, list) and records and isinstance(records[0], dict):
        source = records[0].get("eventSource", records[0].get("EventSource"))
    elif not isinstance(event, dict):
        pass
    elif isinstance(event.get("tasks"), list) and "invocationSchemaVersion" in event:
        source = "aws:s3-batch"
    elif isinstance(event.get("detail-type"), str):
        source = event.get("source")
    else:
        source = event.get("eventSource") or next((name for key, name in _SOURCES.items() if key in event), None)
    return source if isinstance(source, str) else None


def is_check(event: Any) -> bool:
    """Return whether an event is a version check's, which is neither captured nor counted.

    Who calls by HTTP cannot write this member.
    """
    context = event.get("requestContext") if isinstance(event, dict) else None
    return isinstance(context, dict) and context.get("versionCheck") is True


def failure(event: Any, status: int, message: str) -> dict[str, Any]:
    """Return the proxy response for a failure of the function."""
    return _with_lists(event, _response(status, json_text.dumps({"error": message})))


def _proxy(model: Model, event: dict[str, Any], hook: Hook | None) -> tuple[int, str | None, dict[str, Any]]:
    def predicted() -> Any:
        return predict(model, _parse(model, body_of(event))) if hook is None else hook.answer(model, event)

    try:
        method, path = _request_line(event)
        text = json_text.dumps(rest.respond(model, method, path, predicted, has_hook=hook is not None))
        # The runtime puts the text into a JSON string, where each of these characters takes two.
        if len(text) + text.count('"') + text.count("\\") > rest.LARGEST_BODY - 1024:
            raise _too_large()
        return 200, None, _response(200, text)
    except RequestError as error:
        headers = {"allow": error.allowed} if isinstance(error, rest.MethodError) else {}
        problem = str(error)
        return error.status, problem, _response(error.status, json_text.dumps({"error": problem}), **headers)


def _parse(model: Model, text: str | None) -> Any:
    if text and SMALLEST_TEXT <= len(text) <= rest.LARGEST_BODY:
        from . import tensor_text  # a cold start by a direct invocation or a short request does without it

        parsed = tensor_text.read(model.signature(None), text)
        if parsed is not None:
            return dict([parsed])
    return rest.parse(text)


def _response(status: int, text: str, **headers: str) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": text,
        "isBase64Encoded": False,
    }


def _with_lists(event: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Add the headers as lists where a load balancer sent such, which reads no others."""
    if "multiValueHeaders" not in event or "headers" in event:
        return response
    return {**response, "multiValueHeaders": {name: [value] for name, value in response["headers"].items()}}


def _request_line(event: dict[str, Any]) -> tuple[str, str]:
    """Return method and path, without an API's stage or a domain's base path."""
    context = event["requestContext"]
    if isinstance(context, dict) and isinstance(context.get("http"), dict):  # payload 2.0
        method, path = context["http"].get("method"), event.get("rawPath")
    else:  # payload 1.0
        method, path = event.get("httpMethod"), event.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        raise RequestError(400, "the event is no HTTP request of a Function URL, an HTTP API or a REST API")
    if "%" in path:
        from urllib.parse import unquote

        path = unquote(path)
    # An event does not contain a domain's base path, and names the stage even if it is not in the path.
    return method, path[max(path.find(rest.MODELS), 0) :]


def body_of(event: dict[str, Any]) -> str | None:
    """Return the text of a request that came by HTTP.

    Raises:
        RequestError: It is too large, or no text.
    """
    body = event.get("body")
    if body is None or not isinstance(body, str):
        return None
    if not event.get("isBase64Encoded"):
        return body
    if len(body) * 3 // 4 > rest.LARGEST_BODY:
        raise RequestError(413, f"the body has more than {rest.LARGEST_BODY} bytes; send fewer rows")
    from binascii import a2b_base64

    try:
        return a2b_base64(body, strict_mode=True).decode()
    except UnicodeDecodeError as error:
        raise RequestError(400, "the body is not UTF-8 text") from error
    except ValueError as error:
        raise RequestError(400, "the body is not valid base64, although the event says so") from error


def _fitting(answer_body: dict[str, Any]) -> dict[str, Any]:
    """Return a direct answer if Lambda can return it."""
    # The rows of classes have names of different lengths.
    if "classes" in answer_body or _most_characters(answer_body) > rest.LARGEST_BODY:
        _fitting_text(answer_body)
    return answer_body


def _fitting_text(answer_body: Any) -> Any:
    text = json_text.dumps(answer_body)
    # The runtime's own encoder adds a space after each of these.
    if len(text) + text.count(",") + text.count(":") > rest.LARGEST_BODY:
        raise _too_large()
    return answer_body


def _most_characters(value: Any) -> int:
    """Return how many characters an answer's text has at most. Its nested lists are regular."""
    if isinstance(value, dict):
        return sum(len(json_text.dumps(name)) + 6 + _most_characters(entry) for name, entry in value.items())
    if isinstance(value, list):
        return 2 + len(value) * (2 + _most_characters(value[0])) if value else 2
    return 24  # -2.2250738585072014e-308


def _too_large() -> RequestError:
    return RequestError(
        413, f"the answer is larger than the {rest.LARGEST_BODY} bytes that Lambda can return; send fewer rows"
    )
