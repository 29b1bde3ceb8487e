"""Regular expressions with explicit ranges: what they match is what TensorFlow matches."""

from __future__ import annotations

import re

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_optimizer.text.patterns import PatternError, normalized, normalized_rewrite

#: Every code point but the surrogates.
_POINTS = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]


def _python(text: str) -> re.Pattern[str]:
    """Return a written pattern for the engine of Python, which has no bytes beside text."""
    text = text.replace(r"|(?-u:\xED[\xA0-\xBF][\x80-\xBF])", "")
    text = re.sub(r"\(\?-u:[^)]*\)", "[\x80-\U0010ffff]", text)
    return re.compile(re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", text))


@pytest.mark.parametrize(
    "pattern",
    [
        *(r"\d", r"\D", r"\s", r"\S", r"\w", r"\W", ".", "(?s).", "[^a-z]", r"[\s\dé-ü]", "[[:punct:]]"),
        *("[[:^alpha:]世]", r"[a-z&&[aeiou]]", "[]a]", "[^]-]"),
    ],
)
def test_a_class_has_the_code_points_that_tensorflow_matches(pattern: str) -> None:
    written = _python(normalized(pattern.encode(), may_be_empty=True).text)
    texts = [point + "]" if "&&" in pattern else point for point in _POINTS]
    expected = tf.strings.regex_full_match(tf.constant([text.encode() for text in texts]), pattern).numpy()
    found = np.array([written.fullmatch(text) is not None for text in texts])
    assert [hex(ord(_POINTS[number])) for number in np.flatnonzero(found != expected)[:5]] == []


@pytest.mark.parametrize(
    ("pattern", "rewrite", "text"),
    [
        (r"(\w+)@(\w+)\.com", r"\2 at \1", "mail ann@site.com now"),
        ("<br />|&nbsp;", " ", "a<br />b&nbsp;c"),
        ("(a|ab)(c|bcd)(d*)", r"[\1-\2-\3]", "abcd"),
        ("x{2,3}?y+", "_", "xxxyy xy xxxxyyy"),
        ("^a+|b$", "", "aabab"),
        ("(?P<first>a)(?:b)?", r"<\1>", "ab a"),
    ],
)
def test_a_replacement_is_that_of_tensorflow(pattern: str, rewrite: str, text: str) -> None:
    made = normalized(pattern.encode(), may_be_empty=False)
    assert normalized_rewrite(rewrite.encode(), made.groups) == rewrite.encode()
    expected = tf.strings.regex_replace(text, pattern, rewrite).numpy().decode()
    replaced = _python(made.text.replace(r"\z", r"\Z")).sub(rewrite, text)
    assert replaced == expected


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"\bword\b", r"\b"),
        (r"\pL", r"\p"),
        (r"\C", r"\C"),
        (r"\Qa.b\E", r"\Q"),
        (r"\141", r"\1"),
        ("(?i)a", "flags"),
        ("a**", "repetition of a repetition"),
        ("(?=a)", "flags or assertion"),
        ("a{1001}", "repetition"),
        ("*a", "repeats nothing"),
        ("a)", "unmatched"),
        ("(a", "without its )"),
        ("[a", "without its ]"),
        ("[b-a]", "end is before"),
        ("[[:nope:]]", "class"),
        ("(" * 101 + ")" * 101, "groups"),
    ],
)
def test_what_engines_may_read_differently_is_refused_by_its_name(pattern: str, says: str) -> None:
    with pytest.raises(PatternError, match=re.escape(says)):
        normalized(pattern.encode(), may_be_empty=True)


def test_a_pattern_that_matches_nothing_at_all_replaces_only_once() -> None:
    with pytest.raises(PatternError, match="matches nothing at all"):
        normalized(b"a*", may_be_empty=False)
    assert normalized(b"a*", may_be_empty=True).text == r"(?:[\x{61}])*"


def test_bytes_that_are_no_text_match_as_in_re2() -> None:
    written = normalized(b"[^a]", may_be_empty=False).text
    encoded = written.partition("(?-u:")[2].partition(")")[0].encode()
    for text in (b"\xed\xa0\x80", b"\xe0\x80\x80", b"\xf4\x90\x80\x80", b"\xff", b"\xc0\x80", b"\xc3", "é".encode()):
        expected = bool(tf.strings.regex_full_match(text, "[^a]").numpy())
        assert (re.fullmatch(encoded, text) is not None) is expected


def test_a_replacement_names_groups_that_are_there() -> None:
    with pytest.raises(PatternError, match="no group"):
        normalized_rewrite(rb"\2", 1)
    assert normalized_rewrite(rb"\\ \1", 1) == rb"\\ \1"
