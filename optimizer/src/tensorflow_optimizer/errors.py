"""The errors that end a build on purpose, and their exit codes."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .hints import Hint

#: The colors of Keras, and the name that TensorFlow gave a function.
_MARKS = re.compile(r"\x1b\[[0-9;]*m|\{\{function_node [^}]*\}\} ?")

#: Lines that TensorFlow and Keras write before the reason.
_PREFACE = re.compile(
    r"Graph execution error:|Detected at node |<stack traces unavailable>|File \"|Node: '|"
    r"Exception encountered when calling |A total of \d+ objects could not be loaded\."
)

#: The error itself below a traceback, such as `ValueError: Dimensions must be equal`.
_TYPED = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt): ")


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


class RunError(Exception):
    """The model could not compute these inputs."""


def reason_of(error: BaseException, longest: int = 300) -> str:
    """Return the line of an error's message that has the reason.

    TensorFlow puts "in user code:" and a traceback before the reason of an error in a traced function, or "Graph
    execution error:" and where the node was defined, and Keras the name of the layer.

    Args:
        error: Any error.
        longest: The maximum number of characters.

    Returns:
        One line without colors, or the error's type if it has no message.
    """
    lines = [line.strip() for line in _MARKS.sub("", str(error)).splitlines() if line.strip()]
    if lines and lines[0] == "in user code:":
        typed = [number for number, line in enumerate(lines) if _TYPED.match(line)]
        lines = [_TYPED.sub("", lines[typed[0]], count=1), *lines[typed[0] + 1 :]] if typed else lines[-1:]
    while len(lines) > 1 and _PREFACE.match(lines[0]):
        del lines[0]
    return lines[0][:longest] if lines else type(error).__name__
