"""The command `run`: the job of a build, as job.json describes it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..documents.job_file import read_job
from ..documents.outcome import Outcome
from ..errors import BadInputError, ExitCode
from ..supervision import supervise
from ..supervision.output import begin_output, check_output, held, write_outcome
from .failure import hints_in, in_job_file, name_hints, one_sentence

_Config = Annotated[
    Path, typer.Option(help="job.json: what to do. Its JSON Schema is schema/job.schema.json.", dir_okay=False)
]
_Source = Annotated[
    Path,
    typer.Option(help="The model: a SavedModel directory, a .keras, .h5 or .tflite file, or a directory with one."),
]
_Evaluation = Annotated[
    Path | None, typer.Option(help="Evaluation data: an .npz, .jsonl, .csv or .parquet file, or a directory with one.")
]
_Students = Annotated[
    list[Path] | None,
    typer.Option(
        "--student",
        help="A model that the job's distillation trains, like the source; once for each, in the order of the steps.",
    ),
]
_Serving = Annotated[
    Path | None, typer.Option(help="The version that serves, as `fetch` lays it out. Absent: none serves.")
]
_Output = Annotated[
    Path,
    typer.Option(
        help="Receives outcome.json and report/ always; model/ and draft.json when a candidate passed.", file_okay=False
    ),
]


def run(  # noqa: PLR0913, PLR0917 - each is an option
    config: _Config,
    source: _Source,
    output: _Output,
    evaluation: _Evaluation = None,
    student: _Students = None,
    serving: _Serving = None,
) -> None:
    """Optimize, evaluate and judge a model. Uploads nothing."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with one_sentence(in_job_file), held(output):
        try:
            _, job = read_job(config)
        except BadInputError as error:
            check_output(output, [])
            begin_output(output)
            outcome = Outcome.of_error(error)
            write_outcome(output, outcome)
        else:
            outcome = supervise.supervise(config, source, evaluation, output, student or [], serving)
            supervise.write_report_safely(output, job, outcome)
    typer.echo(outcome.sentence, err=outcome.exit_code is not ExitCode.DONE)
    name_hints(hints_in(outcome), in_job_file)
    raise typer.Exit(int(outcome.exit_code))
