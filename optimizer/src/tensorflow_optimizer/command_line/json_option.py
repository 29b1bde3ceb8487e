"""The option --json of commands that print one document."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

AsJson = Annotated[bool, typer.Option("--json", help="Print what was found as JSON; see the documentation.")]


def show_document(document: Mapping[str, Any]) -> None:
    """Print a document in ASCII, in which nothing can move a terminal's cursor.

    NaN and the infinities, which are no numbers of JSON, are the texts that Protocol Buffers have for them.
    """
    typer.echo(json.dumps(_plain(document), indent=2, allow_nan=False).replace("\x7f", "\\u007f"))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
