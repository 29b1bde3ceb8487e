"""Filter patterns of CloudWatch Logs: as many as a stream of captured requests needs."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

_CONDITION = re.compile(r'\(?\s*\$\.(?P<member>\w+)\s*=\s*(?P<value>"[^"]*"|-?\d+(?:\.\d+)?)\s*\)?')


def conditions(pattern: str) -> dict[str, str]:
    """Returns the values that a pattern such as `{ ($.a = 1) && ($.b = "*") }` wants, by the member.

    Raises:
        ValueError: another pattern.
    """
    text = pattern.strip()
    if not text:
        return {}
    parts = text[1:-1].split("&&") if text.startswith("{") and text.endswith("}") else [""]
    found = [_CONDITION.fullmatch(part.strip()) for part in parts]
    if None in found:
        raise ValueError(f"the emulator does not support the filter pattern {pattern} to Firehose")
    return {condition["member"]: condition["value"] for condition in found if condition}


def matches(wanted: dict[str, str], message: str) -> bool:
    """Tells whether a log event is one that a pattern wants."""
    if not wanted:
        return True
    try:
        event = json.loads(message, parse_constant=_refuse)
    except ValueError:
        return False
    return isinstance(event, dict) and all(_equals(event.get(name), value) for name, value in wanted.items())


def _equals(value: Any, wanted: str) -> bool:
    if wanted.startswith('"'):
        return isinstance(value, str) and fnmatch.fnmatchcase(value, wanted[1:-1])
    return isinstance(value, int | float) and not isinstance(value, bool) and value == float(wanted)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
