"""The errors that end a build on purpose, and their exit codes."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hints import Hint


class ExitCode(IntEnum):
    """The exit code of the process."""

    DONE = 0
    FAILED = 1
    """Anything that is not the model's or the data's fault: out of memory or disk among them."""
    BAD_INPUT = 2
    GATE = 3
    UNSUPPORTED = 4


class OptimizerError(Exception):
    """Ends the build with one clear sentence: what is wrong, the value found, and the way out.

    Args:
        message: The sentence, in words of no front.
        hints: What the way out is made of, for fronts to say in their own words.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *hints: Hint) -> None:
        super().__init__(message)
        self.hints = hints


class BadInputError(OptimizerError):
    """The model or the data is corrupt, incomplete or does not fit together."""

    exit_code = ExitCode.BAD_INPUT


class GateError(OptimizerError):
    """No candidate passed the gate."""

    exit_code = ExitCode.GATE


class UnsupportedError(OptimizerError):
    """The model cannot do what the job asks for."""

    exit_code = ExitCode.UNSUPPORTED
