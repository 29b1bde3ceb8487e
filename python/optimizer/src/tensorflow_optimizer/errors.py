"""The one family of errors that ends a build on purpose."""

from __future__ import annotations

from .outcome import ExitCode


class OptimizerError(Exception):
    """Ends the build with one clear sentence: what is wrong, the value found, and the way out."""

    exit_code = ExitCode.FAILED


class BadInputError(OptimizerError):
    """The model or the data is corrupt, incomplete or does not fit together."""

    exit_code = ExitCode.BAD_INPUT


class GateError(OptimizerError):
    """No candidate passed the gate."""

    exit_code = ExitCode.GATE


class UnsupportedError(OptimizerError):
    """The model cannot do what was asked of it."""

    exit_code = ExitCode.UNSUPPORTED
