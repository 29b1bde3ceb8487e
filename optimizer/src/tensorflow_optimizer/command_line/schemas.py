"""The command `schemas`: the JSON Schemas of the optimizer's documents, for its developers."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ..documents.export_schemas import SCHEMA_DIRECTORY, export_schemas
from .failure import one_sentence


def schemas(directory: Annotated[Path, typer.Argument(help="Where to write them.")] = SCHEMA_DIRECTORY) -> None:
    """Write the JSON Schemas of the documents that the optimizer reads and writes."""
    with one_sentence():
        for file in export_schemas(directory):
            typer.echo(file.name)
