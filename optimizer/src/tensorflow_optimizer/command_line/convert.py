"""The command `convert`: a model of another framework becomes a source, with that framework's answers as reference."""

from __future__ import annotations

import logging
import shlex
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ..processes import environment
from .failure import one_sentence


def convert(
    model: Annotated[
        str,
        typer.Argument(help="A .onnx file, or a factory of a function of JAX, as in model.py:make."),
    ],
    *,
    data: Annotated[
        Path, typer.Option(help="Rows: an .npz file with an array for each input, and `labels` if you have them.")
    ],
    out: Annotated[Path, typer.Option(help="A new directory for the model and evaluation.npz.", file_okay=False)],
    output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Name of an output of JAX, once for each in their order, where the function returns no dictionary.",
        ),
    ] = None,
) -> None:
    """Convert a model of ONNX to a .tflite file, or a function of JAX to a SavedModel.

    The model is opened in a sandbox, because a factory is code. The original framework answers the rows, and its
    answers are written beside them: a job compares with these, so that a conversion that changed the model is refused.
    Exit codes: 0 done; 2 the model or the rows are not what can be read; 4 the model cannot be converted.
    """
    environment.prepare()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    # Other commands start without NumPy.
    from ..converting.convert import convert as convert_model
    from ..sandbox import Sandbox, Zygote

    with one_sentence(), Zygote(()) as zygote, Sandbox(zygote=zygote) as sandbox:
        made = convert_model(sandbox, model, data, out, outputs=output or [])
        layers = "; ".join(f"{name} {state}" for name, state in sandbox.layers.items())
    typer.echo(f"opened in a sandbox: {layers}", err=True)
    typer.echo(f"{made.model}: the model, with the outputs")
    for name, shape in made.outputs.items():
        typer.echo(f"  {name}: {list(shape)} for each row")
    typer.echo(f"{made.data}: your rows, and the answers of {made.program} to them, which a job compares with")
    paths = shlex.quote(str(made.model)), shlex.quote(str(made.data))
    typer.echo(
        f"next: cdk-tensorflow optimize {paths[0]} --data {paths[1]} --out {shlex.quote(str(out / 'optimized'))}"
    )
