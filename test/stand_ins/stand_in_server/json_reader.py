"""Reads JSON as TensorFlow Serving does: as RapidJSON 1.1 with NaN and infinities, and without full precision.

Objects keep repeated keys, strings are bytes that need not be UTF-8, and integers stay apart from other numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from stand_in_server.errors import CallError

_SPACE = re.compile(rb"[ \n\r\t]*")
_NUMBER = re.compile(rb"-?(?:(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?|(NaN|Inf(?:inity)?))")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_ESCAPES = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_WORDS = {b"t": (b"true", True), b"f": (b"false", False), b"n": (b"null", None)}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_POWERS = [float(f"1e{power}") for power in range(309)]
_MAX_EXPONENT = 308
#: Digits and powers of ten that a double holds exactly, so that one rounding gives the nearest number.
_EXACT_DIGITS, _EXACT_POWER = 15, 22
_COUNTED_DIGITS = 17


@dataclass(frozen=True)
class Members:
    """A JSON object, with its members in their order."""

    pairs: list[tuple[bytes, Any]]

    def first(self, name: bytes, default: Any = None) -> Any:
        """Return the value of the first member of that name."""
        return next((value for key, value in self.pairs if key == name), default)

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.pairs)


def read(content: bytes) -> Any:
    """Return the first JSON value in a text; what follows it does not count.

    Raises:
        CallError: there is none.
    """
    if not content:
        raise CallError("JSON Parse error: The document is empty")
    return _Reader(content).value()


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = len(_BYTE_ORDER_MARK) if content.startswith(_BYTE_ORDER_MARK) else 0

    def value(self) -> Any:
        """Without recursion: a body may be nested deeper than Python's stack."""
        open_values: list[tuple[Any, bytes]] = []
        while True:
            first = self._next()
            if first in {b"[", b"{"}:
                self._at += 1
                container: Any = [] if first == b"[" else Members([])
                key = b""
                if self._next() != (b"]" if first == b"[" else b"}"):
                    if first == b"{":
                        key = self._key()
                    open_values.append((container, key))
                    continue
                self._at += 1
                value = container
            else:
                value = self._scalar(first)
            while open_values:
                container, key = open_values.pop()
                if self._add(container, key, value):
                    open_values.append((container, self._key() if isinstance(container, Members) else b""))
                    break
                value = container
            else:
                return value

    def _add(self, container: Any, key: bytes, value: Any) -> bool:
        """Add an element or a member. Say whether another one follows."""
        if isinstance(container, Members):
            container.pairs.append((key, value))
            end = b"}"
        else:
            container.append(value)
            end = b"]"
        found = self._next()
        if found not in {b",", end}:
            raise self._error(f"Missing a comma or {end.decode()} after a value.")
        self._at += 1
        return found == b","

    def _next(self) -> bytes:
        match = _SPACE.match(self._content, self._at)
        assert match
        self._at = match.end()
        return self._content[self._at : self._at + 1]

    def _key(self) -> bytes:
        if self._next() != b'"':
            raise self._error("Missing a name for object member.")
        key = self._string()
        if self._next() != b":":
            raise self._error("Missing a colon after a name of object member.")
        self._at += 1
        return key

    def _scalar(self, first: bytes) -> Any:
        if first == b'"':
            return self._string()
        if first in _WORDS:
            word, value = _WORDS[first]
            if not self._content.startswith(word, self._at):
                raise self._error("Invalid value.")
            self._at += len(word)
            return value
        return self._number()

    def _string(self) -> bytes:
        self._at += 1
        parts = []
        while True:
            match = _PLAIN.match(self._content, self._at)
            assert match
            parts.append(match.group())
            self._at = match.end()
            stopped = self._content[self._at : self._at + 1]
            if stopped == b'"':
                self._at += 1
                return b"".join(parts)
            if stopped != b"\\":
                raise self._error("Missing a closing quotation mark in string." if not stopped else "Invalid string.")
            parts.append(self._escape())

    def _escape(self) -> bytes:
        kind = self._content[self._at + 1 : self._at + 2]
        if kind in _ESCAPES:
            self._at += 2
            return _ESCAPES[kind]
        if kind != b"u":
            raise self._error("Invalid escape character in string.")
        code = self._hexadecimal()
        if 0xD800 <= code <= 0xDBFF:
            second = self._hexadecimal() if self._content.startswith(b"\\u", self._at) else 0
            if not 0xDC00 <= second <= 0xDFFF:
                raise self._error("The surrogate pair in string is invalid.")
            code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00)
        return chr(code).encode("utf-8", "surrogatepass")

    def _hexadecimal(self) -> int:
        digits = self._content[self._at + 2 : self._at + 6]
        if not re.fullmatch(rb"[0-9a-fA-F]{4}", digits):
            raise self._error("Incorrect hex digit after \\u escape in string.")
        self._at += 6
        return int(digits, 16)

    def _number(self) -> int | float:
        match = _NUMBER.match(self._content, self._at)
        if not match:
            raise self._error("Invalid value.")
        start, self._at = self._at, match.end()
        following = self._content[self._at : self._at + 1]
        whole, fraction, exponent, word = match.groups()
        minus = self._content.startswith(b"-", start)
        if word:
            if word == b"Inf" and following == b"i":
                raise self._error("Invalid value.")
            return float("nan") if word == b"NaN" else float("-inf" if minus else "inf")
        if (following == b"." and not fraction and not exponent) or (following in {b"e", b"E"} and not exponent):
            raise self._error("Miss fraction part or exponent in number.")
        if not fraction and not exponent:
            value = int(match.group())
            if -(2**63) <= value < 2**64:
                return value
        digits, power = (fraction or b".")[1:], int(exponent[1:]) if exponent else 0
        if len(whole) + len(digits) <= _EXACT_DIGITS and abs(power - len(digits)) <= _EXACT_POWER:
            return float(match.group())
        number = self._double(whole, digits, power, 2**63 if minus else 2**64)
        return -number if minus else number

    def _double(self, whole: bytes, fraction: bytes, exponent: int, limit: int) -> float:
        """Round at every step, as RapidJSON does: the last digits of a long number are not those of `float`."""
        power = 0
        if int(whole) >= limit:
            significand = self._large(whole, limit)
        else:
            zeros = len(fraction) - len(fraction.lstrip(b"0")) if whole == b"0" else 0
            # So many digits fit into 53 bits in any case; the others are taken one by one.
            sure = max(0, min(len(fraction), zeros + _EXACT_DIGITS - len(whole)))
            integer, power = int(whole + fraction[:sure]), -sure
            count = sure - min(sure, zeros) if whole == b"0" else len(whole) - 1 + sure
            for digit in fraction[sure:]:
                if integer >= 2**53:
                    break
                integer, power = 10 * integer + digit - 48, power - 1
                count += integer != 0
            significand = float(integer)
            for digit in fraction[-power:]:
                if count < _COUNTED_DIGITS:
                    significand, power = significand * 10.0 + (digit - 48), power - 1
                    count += significand > 0
        if exponent > max(9, _MAX_EXPONENT - power):
            raise self._error("Number too big to be stored in double.")
        power += exponent
        if power < -_MAX_EXPONENT:
            return _scaled(_scaled(significand, -_MAX_EXPONENT), power + _MAX_EXPONENT)
        return _scaled(significand, power)

    def _large(self, whole: bytes, limit: int) -> float:
        length = len(str(limit)) - 1
        while int(whole[: length + 1]) < limit:
            length += 1
        significand = float(int(whole[:length]))
        for digit in whole[length:]:
            if significand >= 1.7976931348623157e307:
                raise self._error("Number too big to be stored in double.")
            significand = significand * 10.0 + (digit - 48)
        return significand

    def _error(self, reason: str) -> CallError:
        return CallError(f"JSON Parse error: {reason} at offset: {self._at}")


def _scaled(significand: float, power: int) -> float:
    if power < -_MAX_EXPONENT:
        return 0.0
    return significand * _POWERS[power] if power >= 0 else significand / _POWERS[-power]
