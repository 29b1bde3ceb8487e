"""Writes a sample of the requests with their answers to the function's log, from where they reach the capture bucket.

The line is `captured_request.py` of the optimizer's documents. A subscription filter finds it by its beginning.
"""

from __future__ import annotations

from math import isfinite
from time import gmtime, strftime, time

from . import events, json_text
from .predict import columns_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hook import Hook
    from .log import Log
    from .model import Model

#: Maximum bytes of a captured line. CloudWatch Logs takes 256 KiB at least, and Firehose 1,000 KiB of many lines.
LARGEST_LINE = 200_000
_TOO_LARGE = f"request not captured: with its answer it has more than {LARGEST_LINE} bytes"
_NOT_JSON = "request not captured: it has NaN, an infinity or another value that JSON does not have"


class Capture:
    """Captures requests of one function.

    Args:
        rate: The share of the requests to capture, above 0 and at most 1.
        redact: A JSON list with the names of inputs whose values are left out; none.
    """

    __slots__ = ("_hook", "_log", "_model", "_rate", "_redaction")

    def __init__(self, rate: str, model: Model, hook: Hook | None, log: Log, redact: str | None = None) -> None:
        self._rate = float(rate)
        if not 0 < self._rate <= 1:
            raise ValueError(f"CAPTURE_RATE is '{rate}', allowed: above 0, at most 1")
        self._model, self._hook, self._log = model, hook, log
        self._redaction = None
        if redact:
            from .redaction import Redaction

            self._redaction = Redaction(redact, model.description)

    def begin(self, request: str | None) -> None:
        """Prepare for a request, before the hook is called.

        Args:
            request: Lambda's ID of the request.
        """
        if self._hook is not None:
            self._hook.last, self._hook.keeps_last = None, is_sampled(request, self._rate)

    def answered(self, request: str | None, event: Any, answer: Any) -> None:
        """Write the line of an answered request, if it is in the sample.

        Args:
            request: Lambda's ID of the request.
            event: The event.
            answer: The answer to it, without an error.
        """
        if not is_sampled(request, self._rate):
            return
        try:
            captured = _bodies(event, answer) if self._hook is None else _tensors(self._hook)
            if captured is not None:
                self._write(*captured)
        except (TypeError, ValueError, RecursionError):
            self._log.dropped(request, _NOT_JSON)
        except _TooLargeError:
            self._log.dropped(request, _TOO_LARGE)
        except Exception as error:  # the request is answered, whatever its capture finds
            self._log.dropped(request, f"request not captured: {type(error).__name__}: {error}")

    def _write(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        description, now = self._model.description, time()
        signature = self._model.signature(request.get("signature_name"))
        if self._redaction is not None:
            request = self._redaction.apply(request, signature)
        line = json_text.dumps(
            {
                "schemaVersion": 1,
                "time": strftime("%Y-%m-%dT%H:%M:%S", gmtime(now)) + f".{int(now % 1 * 1000):03}Z",
                "modelName": description.model,
                "modelVersion": description.version,
                "signatureName": signature.name,
                "request": request,
                "answer": answer,
            }
        )
        if len(line) >= LARGEST_LINE:  # with the end of the line
            raise _TooLargeError
        if ("NaN" in line or "Infinity" in line) and not (_is_finite(request) and _is_finite(answer)):
            raise ValueError
        self._log.captured(line)


class _TooLargeError(Exception):
    """The line would be too large."""


def is_sampled(request: str | None, rate: float) -> bool:
    """Tell whether a request is in the sample: by its ID, a random UUID, so that a repeated event is in it again."""
    if rate == 1:
        return True
    try:
        return int((request or "")[:8], 16) < rate * 0x1_0000_0000
    except ValueError:
        return False


def _tensors(hook: Hook) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return what the model got from the hook, and gave to it; None if the hook was not called."""
    return None if hook.last is None else ({"inputs": hook.last[0]}, {"outputs": columns_out(hook.last[1])})


def _bodies(event: Any, answer: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return the bodies of a predict request and its answer; None for another request."""
    if not events.came_by_http(event):
        return event, answer
    text = answer["body"]
    if not text.startswith(('{"predictions":', '{"outputs":')):
        return None
    body = events.body_of(event) or ""
    if len(body) + len(text) > LARGEST_LINE:
        raise _TooLargeError
    return json_text.loads(body.removeprefix("\ufeff")), json_text.loads(text)


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or isfinite(value)
