"""The command `verify`: checks a published version without AWS's help."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from ..errors import BadInputError, ExitCode
from .failure import one_sentence
from .json_option import AsJson, show_document


def verify(
    artifact: Annotated[
        str,
        typer.Argument(help="The version: s3://<bucket>/<prefix>/<format>/<version>/, or the directory of a copy."),
    ],
    *,
    public_key: Annotated[
        Path | None, typer.Option(help="PEM file of the key that must have signed it.", dir_okay=False, exists=True)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare every file of a published version with its manifest, and the manifest with its signature."""
    # Other commands start without the package for signatures.
    from ..verification.artifact import artifact_at
    from ..verification.public_key import read_public_key
    from ..verification.verify import verify as verify_version

    with one_sentence():
        place = artifact_at(artifact)
        verification = verify_version(place, read_public_key(public_key) if public_key else None)
        manifest = verification.manifest
        if as_json:
            show_document(
                {
                    "version": manifest.version,
                    "model": manifest.model,
                    "format": manifest.format.value,
                    "asPublished": not verification.problems,
                    "files": verification.files,
                    "signedBy": verification.signed_by,
                    "problems": verification.problems,
                    "notes": verification.notes,
                }
            )
            raise typer.Exit(int(ExitCode.BAD_INPUT if verification.problems else ExitCode.DONE))
        for note in verification.notes:
            typer.echo(f"note: {note}")
        if verification.problems:
            raise BadInputError(
                f"{place.address()} is not what was published: "
                + "".join(f"\n  - {problem}" for problem in verification.problems)
            )
        signed = f", signed by the key with the hint {verification.signed_by}" if verification.signed_by else ""
        typer.echo(
            f"version {manifest.version} of {manifest.model} ({manifest.format.value}): {verification.files} files are "
            f"as published{signed}"
        )
