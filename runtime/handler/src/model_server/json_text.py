"""JSON by the C half of the standard library's json module.

The Python half compiles regular expressions when it is imported, which a cold start would pay for. The
accelerator needs none of it. Where it is missing (not CPython), the whole module does the work.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WHITESPACE = " \t\n\r"


class DuplicateKeyError(ValueError):
    """An object names a member twice, so that it is open which one counts."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKeyError(key)
            seen.add(key)
    return members


class _Context:
    """Attributes that the scanner reads of its decoder."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_unique)
    parse_float = float
    parse_int = int
    # TensorFlow Serving reads and writes the three bare words that JSON itself does not have.
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__
    memo: dict[str, str] = {}  # noqa: RUF012 - the scanner wants an attribute


def _accelerated() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    from _json import encode_basestring_ascii, make_encoder, make_scanner

    scan = make_scanner(_Context())  # type: ignore[arg-type]  # typeshed describes another class

    def unsupported(value: object) -> object:
        raise TypeError(f"{type(value).__name__} is no JSON value")

    encode = make_encoder(None, unsupported, encode_basestring_ascii, None, ":", ",", False, False, True)

    def loads(text: str) -> Any:
        start = len(text) - len(text.lstrip(_WHITESPACE))
        try:
            value, end = scan(text, start)
        except StopIteration as stop:
            raise ValueError(f"a value is missing at character {stop.value}") from None
        if text[end:].strip(_WHITESPACE):
            raise ValueError(f"something follows the value at character {end}")
        return value

    def dumps(value: Any) -> str:
        return "".join(encode(value, 0))

    return loads, dumps


def _portable() -> tuple[Callable[[str], Any], Callable[[Any], str]]:
    import json

    def dumps(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    return json.JSONDecoder(object_pairs_hook=_unique).decode, dumps


try:
    loads, dumps = _accelerated()
except (ImportError, TypeError):
    loads, dumps = _portable()
