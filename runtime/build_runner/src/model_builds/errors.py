"""Errors that end a deployment. The exception's text is all that a user of CloudFormation reads."""

from __future__ import annotations

import unicodedata

#: Unicode's categories of control characters, of formatting such as a change of direction, and of separators of lines.
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}

#: Maximum bytes of a reason: CloudFormation drops one of more than 4,096, including the provider framework's text.
LONGEST_MESSAGE = 2_500


class ModelError(Exception):
    """One sentence, optionally with a table below it."""

    def __init__(self, message: str) -> None:
        super().__init__(shorten(message, LONGEST_MESSAGE))


class SignatureError(ModelError):
    """A version is not signed as it must be."""


class SigningKeyError(ModelError):
    """The key that signs versions cannot be used."""


class BusyAccountError(ModelError):
    """The account has no concurrency left for the function, but may have it later."""


def in_one_line(text: str) -> str:
    """Return a text that a model may have had a part in without newlines, control characters and escapes.

    So it can neither begin a line of its own, such as another address of a report, nor move a terminal's cursor.
    """
    kept = "".join(" " if unicodedata.category(character) in _UNSEEN else character for character in text)
    return " ".join(kept.split())


def shorten(text: str, size: int) -> str:
    """Return at most `size` bytes of UTF-8, cut and marked between characters."""
    data = text.encode("utf-8")
    if len(data) <= size:
        return text
    mark = "…"
    return data[: max(0, size - len(mark.encode("utf-8")))].decode("utf-8", "ignore") + mark
