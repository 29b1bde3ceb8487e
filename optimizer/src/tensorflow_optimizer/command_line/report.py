"""The command `report`: what a job found, once more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from ..documents.draft import DRAFT_FILE, OUTCOME_FILE, REPORT_DIRECTORY, read_draft
from ..documents.outcome import Outcome
from ..errors import BadInputError, ExitCode
from .failure import one_sentence
from .next_step import publish_command
from .outcome_table import show


def report(
    out: Annotated[Path, typer.Argument(help="What `optimize` or `run` left.", file_okay=False)] = Path("out"),
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print report.json, which has every figure, instead of a table.")
    ] = False,
) -> None:
    """Print what a job found, and where its report is. Measures nothing.

    The exit code is the job's: 0 where a model passed.
    """
    with one_sentence():
        found = _outcome_in(out)
        if as_json:
            typer.echo(report_of(out, "json").read_text(encoding="utf-8"), nl=False)
        else:
            show(found)
            typer.echo(f"report: {report_of(out)}")
            if found.exit_code is ExitCode.DONE and (out / DRAFT_FILE).is_file():
                config = out / "job.json" if (out / "job.json").is_file() else Path("JOB.json")
                typer.echo(f"next: {publish_command(config, out, read_draft(out).model)}")
        raise typer.Exit(int(found.exit_code))


def report_of(out: Path, kind: str = "html") -> Path:
    """Return the file of a report."""
    return out / REPORT_DIRECTORY / f"report.{kind}"


def _outcome_in(out: Path) -> Outcome:
    """Return the outcome of a job.

    Raises:
        BadInputError: There is none.
    """
    file = out / OUTCOME_FILE
    if not file.is_file():
        raise BadInputError(f"{out} has no {OUTCOME_FILE}; give the directory that `optimize` or `run` wrote to")
    try:
        return Outcome.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        raise BadInputError(f"{file} is not of this version of the optimizer; make it again") from error
