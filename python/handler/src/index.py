"""Entry point of the Lambda function. The model is loaded on import, so that a cold start pays for it, once.

Environment, all optional:
    MODEL_DIR: directory with model.json and the model, `/opt/ml/model`.
    MODEL_NAME: the name clients use, the one in model.json.
    MODEL_RUNTIME: `nano` or `numpy`, what model.json says.
    MODEL_HOOK: module with the user's own code before and after the model, see `model_server.hook`; none.
    MODEL_THREADS: of the interpreter, 1.
    LITERT_LIBRARY: for nano, `/opt/lib/libLiteRt.so`.
"""

from __future__ import annotations

import gc
import os
import sys
from time import perf_counter

gc.disable()  # what a start makes stays: looking for garbage among it would only take time

from model_server import events, json_text, load  # noqa: E402
from model_server.description import DEFAULT_DIRECTORY  # noqa: E402

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _log(record: dict[str, Any]) -> None:
    """Write one line; Lambda ships standard output to the log group."""
    sys.stdout.write(json_text.dumps(record) + "\n")
    sys.stdout.flush()


_started = perf_counter()
MODEL = load(
    os.environ.get("MODEL_DIR") or DEFAULT_DIRECTORY,
    os.environ.get("MODEL_RUNTIME") or None,
    os.environ.get("LITERT_LIBRARY") or None,
    int(os.environ.get("MODEL_THREADS") or 1),
)
MODEL.description.model = os.environ.get("MODEL_NAME") or MODEL.description.model
HOOK = None
if os.environ.get("MODEL_HOOK"):
    from model_server import hook

    # Here and not with the first request: a hook that cannot be imported must end the start, as a broken model does.
    HOOK = hook.load(os.environ["MODEL_HOOK"])
gc.freeze()
gc.enable()
_log(
    {
        "event": "modelLoaded",
        "model": MODEL.description.model,
        "version": MODEL.description.version,
        "runtime": MODEL.runtime.name,
        "loadMilliseconds": round((perf_counter() - _started) * 1000, 3),
    }
)


def handler(event: Any, context: Any) -> Any:
    """Answer one invocation. See `model_server.events` for what comes in and goes out."""
    try:
        return events.answer(MODEL, event, HOOK)
    except Exception as error:
        import traceback

        request = getattr(context, "aws_request_id", None)
        _log(
            {
                "event": "failure",
                "requestId": request,
                "error": "".join(traceback.format_exception(error)),
            }
        )
        return events.failure(event, f"the function failed; its log has the reason under the request id {request}")
