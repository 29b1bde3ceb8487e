"""The option `--allowed-operation` of the commands that open a model."""

from __future__ import annotations

from typing import Annotated

import typer

AllowedOperations = Annotated[
    list[str] | None,
    typer.Option(
        "--allowed-operation",
        metavar="NAME",
        help="An operation that the model may have although it acts on more than the model, such as ReadFile; once for "
        "each.",
        show_default="none",
    ),
]
