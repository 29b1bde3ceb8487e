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
from model_server.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_started = perf_counter()
MODEL = load(os.environ.get("MODEL_DIR") or DEFAULT_DIRECTORY, int(os.environ.get("MODEL_THREADS") or 1))
MODEL.description.model = os.environ.get("MODEL_NAME") or MODEL.description.model
HOOK = None
if os.environ.get("MODEL_HOOK"):
    from model_server import hook

    # Here and not with the first request: a hook that cannot be imported must end the start, as a broken model does.
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
    """A fault of the function's own, as a direct caller sees it: with its id in the log, without the reason.

    Raised, not returned, because Lambda looks only at that: it counts the error, asks again for an asynchronous event
    and hands it to the dead-letter queue or destination for failures in the end.
    """


def handler(event: Any, context: Any) -> Any:
    """Answer one invocation. See `model_server.events` for what comes in and goes out.

    Raises:
        FunctionFailedError: the function, not the request, is at fault, and the event did not come by HTTP.
    """
    started = perf_counter()
    request = getattr(context, "aws_request_id", None)
    proxied, checked = events.came_by_http(event), events.is_check(event)
    if CAPTURE is not None:
        CAPTURE.begin(request)
    try:
        status, problem, answer = events.respond(MODEL, event, HOOK)
    except Exception as error:
        # What is raised below counts among Lambda's own errors.
        LOG.failed(request, error, (perf_counter() - started) * 1000, answered=proxied and not checked)
    else:
        if not checked or status >= 500:
            LOG.answered(request, status, problem, (perf_counter() - started) * 1000)
        if CAPTURE is not None and problem is None and not checked:
            CAPTURE.answered(request, event, answer)
        return answer
    # Here and not above: Lambda would show an exception's context to the caller.
    fault = f"the function failed; its log has the reason under the request id {request}"
    if proxied:
        return events.failure(fault)
    raise FunctionFailedError(fault)
