"""How a command ends that cannot do what was asked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def one_sentence() -> Iterator[None]:
    """End with one sentence and the exit code that belongs to it."""
    try:
        yield
    except OptimizerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(int(error.exit_code)) from error
