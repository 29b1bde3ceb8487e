"""Reads the samples of a REST body for TensorFlow Serving, one line of evaluation data."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any

import orjson

from .dataset import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..hints import Hint

MEMBERS = frozenset({"instances", "inputs", "label", "signature_name"})
_SHOWN = 100


class WrongLineError(Exception):
    """Sentence on a fault of a line, as it follows the line's number."""

    def __init__(self, text: str, *hints: Hint, kind: str | None = None) -> None:
        super().__init__(text)
        self.hints = hints
        self.kind = kind or text
        """Part that the sentence has in common with others, of which only the first is shown."""


def parse(line: bytes) -> dict[str, Any] | None:
    """Return the object of a line; None if the line is empty.

    Raises:
        WrongLineError: It is no object of JSON.
    """
    try:
        body = orjson.loads(line)
    except orjson.JSONDecodeError:
        if not line.strip():
            return None
        body = _parse_slowly(line)
    if not isinstance(body, dict):
        raise no_body(body)
    return body


def no_body(body: Any) -> WrongLineError:
    """Return the error of a line that is no REST body."""
    members = ", ".join(sorted(body)) if isinstance(body, dict) else type(body).__name__
    return WrongLineError(
        f' has {members[:_SHOWN] or "nothing"}; a line is a REST body with "instances" or "inputs", and a "label"',
        kind="body",
    )


def samples_of(body: dict[str, Any], names: Sequence[str], *, in_rows: bool) -> list[dict[str, Any]]:
    """Return the samples of a body, the values of each by the input's name.

    Args:
        body: It has either `instances` or `inputs`.
        names: Names of the inputs.
        in_rows: Whether columns are split into rows.

    Raises:
        WrongLineError: It does not have the inputs.
    """
    if "instances" in body:
        instances = body["instances"]
        if not isinstance(instances, list) or not instances:
            raise WrongLineError(': "instances" must be a list with at least one instance')
        return [instance_of(instance, names) for instance in instances]
    inputs = body["inputs"]
    if not isinstance(inputs, dict) or (len(names) == 1 and set(inputs) == {"b64"}):
        inputs = {names[0]: inputs} if len(names) == 1 else {}
    if set(inputs) != set(names):
        raise WrongLineError(f': "inputs" has {", ".join(sorted(inputs)) or "no names"}, expected {", ".join(names)}')
    if in_rows and all(isinstance(value, list) for value in inputs.values()):
        counts = {len(value) for value in inputs.values()}
        if len(counts) != 1:
            raise WrongLineError(': the inputs in "inputs" differ in their number of rows')
        return [{name: inputs[name][row] for name in names} for row in range(counts.pop())]
    return [inputs]


def instance_of(instance: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return the values of an instance by the input's name.

    Raises:
        WrongLineError: It has others, or does not name one of several.
    """
    if isinstance(instance, dict) and set(instance) != {"b64"}:
        if set(instance) != set(names):
            raise WrongLineError(
                f": an instance has {', '.join(sorted(instance)) or 'nothing'}, expected {', '.join(names)}"
            )
        return instance
    if len(names) != 1:
        raise WrongLineError(f": an instance must name the inputs {', '.join(names)}")
    return {names[0]: instance}


def text_of(name: str, value: Any) -> Any:
    """Return text as it is, and Base64 as bytes, in the same lists.

    Raises:
        WrongLineError: It is neither: a number converted to text would be another input than intended.
    """
    if isinstance(value, list):
        return [text_of(name, inner) for inner in value]
    if isinstance(value, str):
        return value
    if not isinstance(value, dict) or set(value) != {"b64"}:
        raise WrongLineError(
            f": input {name!r} has the value {shown(value)}, but the model takes strings; write a "
            'string, or {"b64": "…"} for bytes',
            kind=f"no text {name}",
        )
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise WrongLineError(f': a "b64" value is not Base64 ({error})') from error


def shown(value: Any) -> str:
    """Return the beginning of a value, for errors."""
    return json.dumps(value, default=repr)[:_SHOWN]


def _parse_slowly(line: bytes) -> Any:
    """Parse by Python, which takes NaN too, and says better what is wrong."""
    try:
        return json.loads(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        raise WrongLineError(
            f" is not a text in UTF-8 ({error.reason} at byte {error.start}); give {ACCEPTED}", kind="UTF-8"
        ) from error
    except json.JSONDecodeError as error:
        raise WrongLineError(
            f" is not JSON ({error.msg} at column {error.colno}); give {ACCEPTED}", kind="JSON"
        ) from error
    except (ValueError, RecursionError) as error:
        raise WrongLineError(" has a number with too many digits, or too many lists in each other") from error
