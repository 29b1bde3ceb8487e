"""Errors of a call, by the status codes that REST and gRPC have in common."""

from __future__ import annotations


class CallError(Exception):
    """A call that fails, with the name of its status code, such as INVALID_ARGUMENT."""

    def __init__(self, message: str, code: str = "INVALID_ARGUMENT") -> None:
        super().__init__(message)
        self.code = code


class NotFoundError(CallError):
    """No such model or version is loaded."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "NOT_FOUND")
