"""Entry point of the Lambda function. The model is loaded on import, so that a cold start pays for it, once.

Environment, all optional:
    MODEL_DIR: directory with model.json and the model, `/opt/ml/model`.
    MODEL_NAME: the name clients use, the one in model.json.
    MODEL_HOOK: module with the user's own code before and after the model, see `model_server.hook`; none.
    MODEL_THREADS: of the interpreter, 1.
    METRIC_NAMESPACE: of CloudWatch, for the metrics of every request; none, and then requests are not logged.
    CAPTURE_RATE: the share of the requests to write to the log with their answers, above 0 and at most 1; none.
    CAPTURE_REDACT: a JSON list with names of inputs, whose values are replaced by null in these lines; none.
"""

from __future__ import annotations

import gc
import os
from time import perf_counter

gc.disable()  # what a start makes stays: looking for garbage among it would only take time

from model_server import events, load
from model_server.description import DEFAULT_DIRECTORY
from model_server.errors import LateError
from model_server.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MARGIN_SECONDS = 0.2
"""Until then an answer is with Lambda."""

_started = perf_counter()
MODEL = load(os.environ.get("MODEL_DIR") or DEFAULT_DIRECTORY, int(os.environ.get("MODEL_THREADS") or 1))
MODEL.description.model = os.environ.get("MODEL_NAME") or MODEL.description.model
HOOK = None
if os.environ.get("MODEL_HOOK"):
    from model_server import hook

    # Load the hook during the start: one that cannot be imported must end it, as a broken model does.
    HOOK = hook.load(os.environ["MODEL_HOOK"])
LOG = Log(MODEL.description, os.environ)
CAPTURE = None
if os.environ.get("CAPTURE_RATE"):
    from model_server.capture import Capture

    CAPTURE = Capture(os.environ["CAPTURE_RATE"], MODEL, HOOK, LOG, os.environ.get("CAPTURE_REDACT"))
gc.freeze()
gc.enable()
LOG.loaded(MODEL.runtime.name, (perf_counter() - _started) * 1000)


class FunctionFailedError(Exception):
    """The failure of an invocation, as a direct caller sees it: of the function's own faults only the id in the log.

    Raised, not returned, because Lambda looks only at that: it counts the error, asks again for an asynchronous event
    and hands it to the dead-letter queue or destination for failures in the end.
    """


def handler(event: Any, context: Any) -> Any:
    """Answer one invocation. See `model_server.events` for what comes in and goes out.

    Raises:
        FunctionFailedError: the function, not the request, is at fault, and the event did not come by HTTP; the event's
            source takes any answer for a success; or there was no time.
    """
    started = perf_counter()
    request = getattr(context, "aws_request_id", None)
    proxied, checked = events.came_by_http(event), events.is_check(event)
    MODEL.deadline = _deadline(context)
    if CAPTURE is not None:
        CAPTURE.begin(request)
    try:
        status, problem, answer = events.respond(MODEL, event, HOOK)
    except Exception as error:
        status = 504 if isinstance(error, LateError) else 500
        # Errors that are raised below count among Lambda's own.
        answered = proxied and not checked
        LOG.failed(request, error, (perf_counter() - started) * 1000, status=status, answered=answered)
        is_told = isinstance(error, (events.SourceError, LateError))
        fault = str(error) if is_told else f"the function failed; its log has the reason under the request id {request}"
    else:
        if not checked or status >= 500:
            LOG.answered(request, status, problem, (perf_counter() - started) * 1000)
        if CAPTURE is not None and problem is None and not checked:
            CAPTURE.answered(request, event, answer)
        return answer
    # Raise outside the `except` block: Lambda would show the exception's context to the caller.
    if proxied:
        return events.failure(event, status, fault)
    raise FunctionFailedError(fault)


def _deadline(context: Any) -> float | None:
    """Return when the answer must be there, as `perf_counter` counts: a margin before Lambda ends the invocation."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return None if remaining is None else perf_counter() + remaining() / 1000 - MARGIN_SECONDS
