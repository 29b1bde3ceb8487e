"""The command `server-binary`: extracts a server as a deployment does, on a laptop."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ..errors import OptimizerError
from ..server_binary.take import PROGRAM, take_program


def server_binary(
    image: Annotated[str, typer.Argument(help="The image, such as tensorflow/serving:2.20.0, or …@sha256:…")],
    out: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)] = Path(PROGRAM),
    *,
    cache: Annotated[bool, typer.Option(help="Keep programs, so that an image is downloaded once.")] = True,
) -> None:
    """Take tensorflow_model_server out of an image, without Docker.

    Private images: by the AWS credentials in use at ECR, elsewhere by SERVING_REGISTRY_USERNAME and
    SERVING_REGISTRY_PASSWORD in the environment.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # Replace an existing file completely or not at all.
        with tempfile.TemporaryDirectory(prefix=".server-", dir=out.parent) as scratch:
            taken = take_program(
                image, Path(scratch) / PROGRAM, typer.echo, cache=_cache_directory() if cache else None
            )
            taken.path.replace(out)
    except OptimizerError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(int(error.exit_code)) from error
    except OSError as error:
        typer.echo(f"error: {out} cannot be written ({error.strerror or error})", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}\nimage: {taken.image}\ndigest: {taken.digest}\nsha256: {taken.sha256}")


def _cache_directory() -> Path:
    """Return the cache directory for programs, by the XDG base directory specification."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "cdk-tensorflow" / "server"
