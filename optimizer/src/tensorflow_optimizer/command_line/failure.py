"""Ends a failed command with one sentence, and its hints, instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..errors import ExitCode, OptimizerError
from .hint_options import OPTIONS, option_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..hints import Hint

#: Errors about a path that the user gave. Others come from the machine.
_BAD_PATHS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)


@contextmanager
def one_sentence(words: Mapping[Hint, str] = OPTIONS) -> Iterator[None]:
    """End with one sentence, its hints in the command's own words, and its exit code."""
    try:
        yield
    except OptimizerError as error:
        typer.echo(f"error: {error}", err=True)
        name_hints(error.hints, words)
        raise typer.Exit(int(error.exit_code)) from error
    except OSError as error:
        typer.echo(f"error: {error.strerror or error}: {error.filename or ''}", err=True)
        raise typer.Exit(int(ExitCode.BAD_INPUT if isinstance(error, _BAD_PATHS) else ExitCode.FAILED)) from error


def name_hints(hints: Iterable[Hint], words: Mapping[Hint, str] = OPTIONS) -> None:
    """Print what each hint is called in a command."""
    for line in option_lines(hints, words):
        typer.echo(line, err=True)
