"""The option --json of commands that print one document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

AsJson = Annotated[bool, typer.Option("--json", help="Print what was found as JSON; see the documentation.")]


def show_document(document: Mapping[str, Any]) -> None:
    """Print a document in ASCII, in which nothing can move a terminal's cursor."""
    typer.echo(json.dumps(document, indent=2, allow_nan=False).replace("\x7f", "\\u007f"))
