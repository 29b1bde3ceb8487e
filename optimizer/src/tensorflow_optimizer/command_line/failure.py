"""Ends a failed command with one sentence, and its hints, instead of a traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import typer

from ..errors import ExitCode, OptimizerError
from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..documents.outcome import Outcome

    Words: TypeAlias = Callable[[Hint], str]

#: Errors about a path that the user gave. Others come from the machine.
_BAD_PATHS = (FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError)

#: Options of `optimize` that commands which only look at a model have too.
_SHARED = {
    Hint.TAGS: "`inspect`, `check`, `predict`",
    Hint.ALLOWED_OPERATIONS: "`inspect`, `check`, `compare`, `predict`",
    Hint.CLASS_NAMES: "`check`, `compare`",
    Hint.IMAGE_INPUT: "`predict`",
    Hint.INPUT_SHAPES: "`check`",
    Hint.SIGNATURE: "`check`, `predict`",
}


def in_optimize(hint: Hint) -> str:
    """Return what a hint is called by `optimize`."""
    return hint.option


def in_job_file(hint: Hint) -> str:
    """Return what a hint is called by the commands that read a job.json: mostly an option of `optimize`."""
    return f"{hint.option} of `optimize`, which writes job.json" if hint.option.startswith("--") else hint.option


def in_inspection(hint: Hint) -> str:
    """Return what a hint is called by commands that only look at a model: mostly an option of `optimize`."""
    commands = f"{_SHARED[hint]} and `optimize`" if hint in _SHARED else "`optimize`"
    return f"{hint.option} of {commands}" if hint.option.startswith("--") else hint.option


@contextmanager
def one_sentence(words: Words = in_optimize) -> Iterator[None]:
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


def name_hints(hints: Iterable[Hint], words: Words = in_optimize) -> None:
    """Print what each hint is called in a command, once."""
    for hint in dict.fromkeys(hints):
        typer.echo(f"{hint.replace('_', ' ')}: {words(hint)}", err=True)


def hints_in(outcome: Outcome) -> list[Hint]:
    """Return the hints of the sentence, of the candidates and of the warnings."""
    of_candidates = [hint for candidate in outcome.candidates for hint in candidate.hints]
    return [*outcome.hints, *of_candidates, *outcome.warning_hints]
