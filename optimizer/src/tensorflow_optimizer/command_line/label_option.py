"""The option `--labels` of the commands that take data which is labelled by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ClassNames = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="A text file with the name of a class on each line, in the order of the output, for data labelled by "
        "name.",
        exists=True,
        dir_okay=False,
    ),
]
