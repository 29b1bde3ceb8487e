"""Ends a failed command with one sentence instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..errors import ExitCode, OptimizerError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Errors about a path that the user gave. Others come from the machine.
_BAD_PATHS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


@contextmanager
def one_sentence() -> Iterator[None]:
    """End with one sentence and its exit code."""
    try:
        yield
    except OptimizerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(int(error.exit_code)) from error
    except OSError as error:
        typer.echo(f"error: {error.strerror or error}: {error.filename or ''}", err=True)
        raise typer.Exit(int(ExitCode.BAD_INPUT if isinstance(error, _BAD_PATHS) else ExitCode.FAILED)) from error
