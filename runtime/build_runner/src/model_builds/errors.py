"""Errors that end a deployment. The exception's text is all that a user of CloudFormation reads."""

from __future__ import annotations

#: CloudFormation accepts 4,096 bytes, including the provider framework's text, and drops a longer reason entirely.
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


def shorten(text: str, size: int) -> str:
    """Return at most `size` bytes of UTF-8, cut and marked between characters."""
    data = text.encode("utf-8")
    if len(data) <= size:
        return text
    mark = "…"
    return data[: max(0, size - len(mark.encode("utf-8")))].decode("utf-8", "ignore") + mark
