"""What ends a deployment on purpose: the text of the exception is all that the user of CloudFormation reads."""

from __future__ import annotations

#: CloudFormation takes 4,096 bytes, the provider framework adds its own, and a reason that is too long is lost whole.
LONGEST_MESSAGE = 2_500


class ModelError(Exception):
    """One sentence, perhaps with a table below it."""

    def __init__(self, message: str) -> None:
        super().__init__(shorten(message, LONGEST_MESSAGE))


class BusyAccountError(ModelError):
    """The account has no room for an execution of the function now, and may have it later."""


def shorten(text: str, size: int) -> str:
    """Return at most `size` bytes of UTF-8, cut between characters and marked where cut."""
    data = text.encode("utf-8")
    if len(data) <= size:
        return text
    mark = "…"
    return data[: max(0, size - len(mark.encode("utf-8")))].decode("utf-8", "ignore") + mark
