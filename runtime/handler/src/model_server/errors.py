"""Errors by whose fault they are."""

from __future__ import annotations


class RequestError(Exception):
    """The client's fault: answered with `status` and the message, never logged as a failure of the function."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ModelError(Exception):
    """The function's fault: the model, its description or the runtime library is missing or broken."""


class LateError(Exception):
    """The answer could not be there before Lambda ends the invocation."""

    def __init__(self) -> None:
        super().__init__("the request could not be answered within the function's timeout; send fewer rows")
