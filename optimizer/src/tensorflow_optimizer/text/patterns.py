r"""Reads regular expressions in RE2's syntax, and writes them with explicit ranges, which any engine reads alike.

Two engines that both parse `\s`, `\d`, `\w` or `[a&&b]` read them differently, and RE2 accepts encoded surrogates and
overlong encodings where another one wants valid UTF-8. So a class is written as ranges of code points, and what
RE2 matches beyond UTF-8 as ranges of bytes. What may differ otherwise is refused.

>>> normalized(rb"[^\d]+", may_be_empty=False).text[:26]
'(?:[\\x{0}-\\x{2F}\\x{3A}-\\x'
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LAST, _ASCII_LAST = 0x10FFFF, 0x7F
_SURROGATES = (0xD800, 0xDFFF)
_MOST_REPEATS, _MOST_LENGTH, _MOST_DEPTH = 1000, 65536, 100
#: RE2 matches this for all that is not ASCII: encodings that are too long, and those of no code point, included.
_ALL_ABOVE_ASCII = r"(?-u:[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3})"
_ENCODED_SURROGATES = r"(?-u:\xED[\xA0-\xBF][\x80-\xBF])"
_DIGITS = [(0x30, 0x39)]
_SPACES = [(9, 10), (12, 13), (32, 32)]
_WORD = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
_PERL = {"d": _DIGITS, "s": _SPACES, "w": _WORD}
_POSIX = {
    "alnum": [(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)],
    "alpha": [(0x41, 0x5A), (0x61, 0x7A)],
    "ascii": [(0, 0x7F)],
    "blank": [(9, 9), (32, 32)],
    "cntrl": [(0, 0x1F), (0x7F, 0x7F)],
    "digit": _DIGITS,
    "graph": [(0x21, 0x7E)],
    "lower": [(0x61, 0x7A)],
    "print": [(0x20, 0x7E)],
    "punct": [(0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)],
    "space": [(9, 13), (32, 32)],
    "upper": [(0x41, 0x5A)],
    "word": _WORD,
    "xdigit": [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)],
}
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_NAMED = re.compile(r"\(\?P?<[A-Za-z0-9_]+>")
_POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")
_HEXADECIMAL = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})")

Ranges = list[tuple[int, int]]


class PatternError(Exception):
    """The pattern, or a part of it, that may be read in several ways; the message names it."""


@dataclass(frozen=True)
class Pattern:
    """A pattern with explicit ranges."""

    text: str
    groups: int
    """Number of capturing groups."""


@dataclass(frozen=True)
class _Part:
    text: str
    may_be_empty: bool


def normalized(pattern: bytes, *, may_be_empty: bool) -> Pattern:
    """Return a pattern with explicit ranges.

    Args:
        pattern: In RE2's syntax.
        may_be_empty: It may match a text without a character.

    Raises:
        PatternError: It may be read in several ways, or is no pattern.
    """
    try:
        text = pattern.decode()
    except UnicodeDecodeError as error:
        raise PatternError("a pattern that is not UTF-8") from error
    if len(text) > _MOST_LENGTH:
        raise PatternError(f"a pattern of more than {_MOST_LENGTH} characters")
    reader = _Reader(text)
    part = reader.alternatives(0)
    if reader.left:
        raise reader.error("an unmatched )")
    if part.may_be_empty and not may_be_empty:
        raise PatternError(
            f"the pattern {text!r}, which matches nothing at all between two characters, where engines replace "
            "differently"
        )
    return Pattern(part.text, reader.groups)


def normalized_rewrite(rewrite: bytes, groups: int) -> bytes:
    r"""Return a replacement after checking that it names only groups of its pattern, as `\1`.

    Raises:
        PatternError: It does not.
    """
    for found in re.finditer(rb"\\(.?)", rewrite, re.DOTALL):
        named = found.group(1)
        if named != b"\\" and not (named.isdigit() and int(named) <= groups):
            raise PatternError(f"the replacement {rewrite!r}, which names no group of its pattern")
    return rewrite


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self.groups = 0
        self._dot_is_newline = False

    @property
    def left(self) -> str:
        """The rest of the pattern, which is not read yet."""
        return self._text[self._at :]

    def error(self, what: str) -> PatternError:
        """Return the error about a part of the pattern."""
        return PatternError(f"the pattern {self._text!r} with {what}")

    def alternatives(self, depth: int) -> _Part:
        """Read alternatives until the end, or a closing parenthesis."""
        if depth > _MOST_DEPTH:
            raise self.error(f"more than {_MOST_DEPTH} groups in each other")
        branches = [self._sequence(depth)]
        while self.left.startswith("|"):
            self._at += 1
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]
        return _Part(
            f"(?:{'|'.join(branch.text for branch in branches)})", any(branch.may_be_empty for branch in branches)
        )

    def _sequence(self, depth: int) -> _Part:
        parts: list[_Part] = []
        while self.left and self.left[0] not in "|)":
            atom = self._atom(depth)
            if atom is not None:
                parts.append(self._repeated(atom))
        return _Part("".join(part.text for part in parts), all(part.may_be_empty for part in parts))

    def _atom(self, depth: int) -> _Part | None:
        char = self.left[0]
        if char == "(":
            return self._group(depth)
        if char == "[":
            return _Part(_written(self._class()), may_be_empty=False)
        if char == "\\":
            return self._escape()
        if char in "*+?":
            raise self.error(f"a {char} that repeats nothing")
        if char in "^$":
            self._at += 1
            return _Part(r"\A" if char == "^" else r"\z", may_be_empty=True)
        self._at += 1
        if char == ".":
            return _Part(_written([(0, _LAST)] if self._dot_is_newline else [(0, 9), (11, _LAST)]), may_be_empty=False)
        return _Part(_written([(ord(char), ord(char))]), may_be_empty=False)

    def _group(self, depth: int) -> _Part | None:
        kept = self._dot_is_newline
        if named := _NAMED.match(self.left):
            self._at += named.end()
            opening = "("
        elif self.left.startswith("(?"):
            flags = re.match(r"\(\?(s?)([:)])", self.left)
            if flags is None:
                raise self.error(f"the flags or assertion {self.left[:6]!r}")
            self._at += flags.end()
            self._dot_is_newline = kept or bool(flags.group(1))
            if flags.group(2) == ")":
                return None
            opening = "(?:"
        else:
            self._at += 1
            opening = "("
        self.groups += opening == "("
        inner = self.alternatives(depth + 1)
        if not self.left.startswith(")"):
            raise self.error("a ( without its )")
        self._at += 1
        self._dot_is_newline = kept
        return _Part(f"{opening}{inner.text})", inner.may_be_empty)

    def _escape(self) -> _Part:
        char = self.left[1:2]
        if char in {"A", "z"}:
            self._at += 2
            return _Part(f"\\{char}", may_be_empty=True)
        if char.lower() in _PERL:
            self._at += 2
            return _Part(_written(_perl(char)), may_be_empty=False)
        code = self._escaped_code()
        return _Part(_written([(code, code)]), may_be_empty=False)

    def _escaped_code(self) -> int:
        r"""Read an escape that stands for one code point: `\n`, `\x41`, `\x{1F600}`, or a mark such as `\.`."""
        rest = self.left[1:]
        if found := _HEXADECIMAL.match(rest):
            code = int(found.group(1) or found.group(2), 16)
            if code > _LAST:
                raise self.error(f"{found.group()!r}, which is no code point")
            self._at += 1 + found.end()
            return code
        char = rest[:1]
        if char in _CONTROLS:
            self._at += 2
            return _CONTROLS[char]
        if char and ord(char) <= _ASCII_LAST and not char.isalnum():
            self._at += 2
            return ord(char)
        raise self.error(f"\\{char}")

    def _class(self) -> Ranges:
        self._at += 1
        inverted = self.left.startswith("^")
        self._at += inverted
        ranges: Ranges = []
        first = True
        while first or not self.left.startswith("]"):
            if not self.left:
                raise self.error("a [ without its ]")
            ranges += self._class_entry()
            first = False
        self._at += 1
        return _inverted(ranges) if inverted else _merged(ranges)

    def _class_entry(self) -> Ranges:
        if found := _POSIX_CLASS.match(self.left):
            ranges = _POSIX.get(found.group(2))
            if ranges is None:
                raise self.error(f"the class {found.group()}")
            self._at += found.end()
            return _inverted(ranges) if found.group(1) else ranges
        if self.left.startswith("[:"):
            raise self.error("an unfinished [:")
        if self.left.startswith("\\") and self.left[1:2].lower() in _PERL:
            self._at += 2
            return _perl(self._text[self._at - 1])
        low = self._class_code()
        # A minus before the end of a class stands for itself.
        if not self.left.startswith("-") or self.left.startswith("-]"):
            return [(low, low)]
        self._at += 1
        if self.left.startswith("\\") and self.left[1:2].lower() in _PERL:
            raise self.error("a range that ends with a class")
        high = self._class_code()
        if high < low:
            raise self.error("a range whose end is before its beginning")
        return [(low, high)]

    def _class_code(self) -> int:
        if not self.left:
            raise self.error("a [ without its ]")
        if self.left.startswith("\\"):
            return self._escaped_code()
        self._at += 1
        return ord(self._text[self._at - 1])

    def _repeated(self, atom: _Part) -> _Part:
        found = re.match(r"[*+?]", self.left) or _REPEAT.match(self.left)
        if found is None:
            return atom
        least, written = 0 if found.group() in {"*", "?"} else 1, found.group()
        if written.startswith("{"):
            least, written = self._counted(found)
        self._at += found.end()
        lazy = self.left.startswith("?")
        self._at += lazy
        if re.match(r"[*+?]", self.left) or _REPEAT.match(self.left):
            raise self.error("a repetition of a repetition")
        if atom.may_be_empty and atom.text in {r"\A", r"\z"}:
            raise self.error("a repetition of a position")
        return _Part(f"(?:{atom.text}){written}{'?' * lazy}", atom.may_be_empty or least == 0)

    def _counted(self, found: re.Match[str]) -> tuple[int, str]:
        least = int(found.group(1))
        most = least if found.group(2) is None else int(found.group(3)) if found.group(3) else None
        if max(least, most or 0) > _MOST_REPEATS or (most is not None and most < least):
            raise self.error(f"the repetition {found.group()}")
        return least, f"{{{least}}}" if most == least else f"{{{least},{'' if most is None else most}}}"


def _perl(letter: str) -> Ranges:
    ranges = _PERL[letter.lower()]
    return _inverted(ranges) if letter.isupper() else ranges


def _merged(ranges: Ranges) -> Ranges:
    merged: Ranges = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _inverted(ranges: Ranges) -> Ranges:
    inverted: Ranges = []
    start = 0
    for low, high in _merged(ranges):
        if start < low:
            inverted.append((start, low - 1))
        start = high + 1
    return [*inverted, (start, _LAST)] if start <= _LAST else inverted


def _written(ranges: Ranges) -> str:
    """Write a class of code points, with the bytes that RE2 takes for those that UTF-8 has not."""
    if not ranges:
        raise PatternError("a class without a character")
    ascii_part = [(low, min(high, _ASCII_LAST)) for low, high in ranges if low <= _ASCII_LAST]
    above = [(max(low, _ASCII_LAST + 1), high) for low, high in ranges if high > _ASCII_LAST]
    alternatives = []
    if above == [(_ASCII_LAST + 1, _LAST)]:
        alternatives, above = [_ALL_ABOVE_ASCII], []
    elif found := [(low, high) for low, high in above if low <= _SURROGATES[1] and high >= _SURROGATES[0]]:
        if found[0][0] > _SURROGATES[0] or found[0][1] < _SURROGATES[1]:
            raise PatternError("a class with a part of the surrogates")
        alternatives = [_ENCODED_SURROGATES]
        low, high = found[0]
        above.remove(found[0])
        above += [(low, _SURROGATES[0] - 1)] if low < _SURROGATES[0] else []
        above += [(_SURROGATES[1] + 1, high)] if high > _SURROGATES[1] else []
    listed = "".join(_range(low, high) for low, high in sorted(ascii_part + above))
    if listed:
        alternatives.insert(0, f"[{listed}]")
    return alternatives[0] if len(alternatives) == 1 else f"(?:{'|'.join(alternatives)})"


def _range(low: int, high: int) -> str:
    return f"\\x{{{low:X}}}" if low == high else f"\\x{{{low:X}}}-\\x{{{high:X}}}"
