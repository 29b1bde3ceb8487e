"""Stands for the Python runtime of Lambda: imports the handler once, then answers one event a line.

Runs on the function's own Python (3.9 or newer) inside the sandbox. Speaks JSON lines with the embedded AWS over
the standard input and what was the standard output; everything that a handler prints goes to the standard error.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import queue
import site
import sys
import threading
import time
import traceback

TYPE_CHECKING = False  # importing typing costs milliseconds of every cold start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


class LambdaContext:
    """The second argument of a handler."""

    def __init__(self, details: dict[str, Any]) -> None:
        """Takes what the embedded AWS says about this invocation."""
        self.aws_request_id = details["request_id"]
        self.invoked_function_arn = details["invoked_function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + details["timeout_ms"] / 1000

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until the function's timeout."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def log(self, message: object) -> None:
        """Writes to the function's log."""
        sys.stderr.write(str(message))


class _RequestIds(logging.Filter):
    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


def _use_paths() -> None:
    runtime = os.environ["EMBEDDED_AWS_RUNTIME"]
    packages = f"/opt/python/lib/{runtime}/site-packages"
    if os.path.isdir(packages):  # noqa: PTH112 - importing pathlib costs milliseconds too
        site.addsitedir(packages)
    # Python put the directory of this script first; a function does not see it.
    sys.path[:] = ["/var/task", packages, "/opt/python", *[p for p in sys.path if p not in ("/var/runtime", packages)]]
    sys.path.append("/var/runtime/packages")


def _use_logging() -> _RequestIds:
    ids = _RequestIds()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
    )
    handler.addFilter(ids)
    logging.Formatter.converter = time.gmtime
    logging.getLogger().addHandler(handler)
    return ids


def _events() -> Iterator[str]:
    """Yields lines of the standard input. Exits with the embedded AWS, which closes it."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield lines.get()


def _failure(error: BaseException, kind: str | None = None) -> dict[str, Any]:
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    return {"status": "error", "error": str(error), "errorType": kind or type(error).__name__, "stackTrace": frames}


def _load(name: str) -> Callable[[Any, LambdaContext], Any]:
    module_name, _, function_name = name.rpartition(".")
    if not module_name:
        raise LookupError("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise LookupError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise LookupError("Runtime.UserCodeSyntaxError", message) from error
    if not hasattr(module, function_name):
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise LookupError("Runtime.HandlerNotFound", message)
    handler: Callable[[Any, LambdaContext], Any] = getattr(module, function_name)
    return handler


def _answer(handler: Callable[[Any, LambdaContext], Any], message: dict[str, Any], ids: _RequestIds) -> str:
    details = message["ctx"]
    ids.request_id = details["request_id"]
    if details.get("trace_id"):
        os.environ["_X_AMZN_TRACE_ID"] = details["trace_id"]
    try:
        result = handler(message["event"], LambdaContext(details))
    except Exception as error:
        traceback.print_exc()
        return json.dumps(_failure(error))
    try:
        return json.dumps({"status": "ok", "result": result}, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        return json.dumps(_failure(ValueError(f"Unable to marshal response: {error}"), "Runtime.MarshalError"))


def main() -> None:
    """Loads the handler, says so, and answers events until the standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr

    def reply(line: str) -> None:
        sys.stderr.flush()  # before the reply, so that its reader has all of the log
        replies.write(line + "\n")
        replies.flush()

    _use_paths()
    ids = _use_logging()
    events = _events()
    next(events)  # the first line starts the worker, for Node.js too
    try:
        handler = _load(os.environ["_HANDLER"])
    except LookupError as error:
        kind, message = error.args
        reply(json.dumps({"status": "error", "error": message, "errorType": kind, "stackTrace": []}))
        return
    except Exception as error:
        traceback.print_exc()
        reply(json.dumps(_failure(error)))
        return
    reply(json.dumps({"status": "ready"}))
    for line in events:
        reply(_answer(handler, json.loads(line), ids))


main()
