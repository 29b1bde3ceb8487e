"""Texts of a model, made safe for a log, a terminal and a document of one line."""

from __future__ import annotations

import re
import unicodedata

#: Escape sequences of a terminal: CSI, OSC strings such as titles and links, and two-character escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b.?"
)
#: Control and format characters (also those that reverse the order of text), surrogates, and Unicode's line ends.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Characters of the longest sentence, unless told otherwise.
LONGEST = 4000


def one_line(text: str, longest: int = LONGEST) -> str:
    """Return a text as one line without control characters and escape sequences.

    Args:
        text: Anything, such as the message of an error that quotes a name of the model.
        longest: The maximum number of characters. The end of a longer text is replaced by an ellipsis.
    """
    bounded = text[: 4 * longest]  # what follows could not be in the result, and costs time
    if not bounded.isascii() or not bounded.isprintable():
        plain = _ESCAPES.sub("", bounded)
        bounded = " ".join("".join(map(_safe, plain)).split())
    cut = len(bounded) > longest or len(text) > 4 * longest
    return f"{bounded[: longest - 1]}…" if cut else bounded


def _safe(character: str) -> str:
    return " " if unicodedata.category(character) in _UNSAFE else character
