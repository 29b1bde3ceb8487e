"""The command `predict`: a model's answers to rows, wherever the model is."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadInputError, ExitCode
from ..processes import environment
from .failure import in_inspection, one_sentence
from .image_option import image_help, parse_image
from .next_step import after_predict
from .operation_option import AllowedOperations  # noqa: TC001 - typer evaluates it
from .option_values import read_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..prediction import Decisions, Differences, Row, Target
    from ..runners.runner import Arrays
    from ..sandbox import Sandbox
    from .predict_targets import Asked, Found

_STANDARD_INPUT = "-"


def predict(  # noqa: PLR0913 - one parameter for each option
    model: Annotated[
        str,
        typer.Argument(
            help="A directory that `optimize` wrote, a SavedModel directory, a .keras, .h5 or .tflite file, or the "
            "address of a served model, http://HOST:8501/v1/models/NAME."
        ),
    ],
    rows: Annotated[
        str,
        typer.Argument(
            help="A .csv, .jsonl, .npz or .parquet file as for `check`, a JPEG or PNG, or a directory with one or "
            "several images; - reads it from standard input."
        ),
    ],
    *,
    compare: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Another model: show the rows that it answers otherwise."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            help="Largest difference that is none, relative to the greatest number of the row's output, for --compare.",
            min=0.0,
        ),
    ] = 0.001,
    limit: Annotated[int | None, typer.Option(help="Most rows to ask about.", show_default="all", min=1)] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="A text file with the name of a class on each line, in the order of the output. A version that "
            "`optimize` wrote may have its own.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="PREPROCESSING[:SETTING=VALUE,…]",
            help=f"What a model of this machine makes of an image's pixels: {image_help()}. A version knows its own, "
            "and a server decodes images itself.",
        ),
    ] = None,
    signature: Annotated[
        str | None, typer.Option(help="The signature to call.", show_default="the one of requests without a name")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the SavedModel's graph.", show_default="serve")] = None,
    allowed_operation: AllowedOperations = None,
    timeout: Annotated[
        float, typer.Option(help="Most seconds of a request to a served model.", min=0.1, max=3600.0)
    ] = 60.0,
    api_key: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE",
            help="Environment variable with the key of an API of API Gateway, which is sent as x-api-key.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each row, with all values; see the documentation.")
    ] = False,
) -> None:
    """Ask a model about rows, and print a table of its answers, or JSON.

    A model on this machine is opened in a sandbox, as a job opens it, and a served one is asked over its REST API.
    Rows are read, answered and printed some at once, so that they may be more than the memory holds.
    With --compare, only rows that differ are printed, and then a summary: how many differ, the largest difference, and
    how often both models score the same class highest.
    Exit codes: 0; 2 where rows or models do not fit; 1 where a served model does not answer; 3 where rows differ.
    """
    environment.prepare()
    # Other commands start without NumPy.
    from ..sandbox import Sandbox
    from .opened_model import work_directory
    from .predict_targets import Asked, key_in

    with one_sentence(in_inspection), Sandbox() as sandbox, work_directory() as work:
        models = [model] if compare is None else [model, compare]
        pixels = parse_image(image) if image else None
        key = key_in(api_key, models) if api_key else None
        given = Asked(signature, tag or ["serve"], allowed_operation or [], pixels, timeout, key)
        names = read_labels(labels) if labels else None
        path = _path(rows, work)
        found = _found(sandbox, models, given, work)
        if compare is None:
            _predict(found, path, names, limit, as_json=as_json)
            _name_next(models, rows, as_json=as_json)
        else:
            differences = _compare(found, path, names, limit, tolerance, as_json=as_json)
            _name_next(models, rows, as_json=as_json)
            if differences.differing:
                raise typer.Exit(int(ExitCode.GATE))


def _name_next(models: list[str], rows: str, *, as_json: bool) -> None:
    from .predict_targets import is_served

    if not as_json:
        given = "ROWS" if rows == _STANDARD_INPUT else rows
        typer.echo(f"next: {after_predict(models, given, is_local=not any(map(is_served, models)))}")


def _path(rows: str, work: Path) -> Path:
    from ..prediction import spool

    if rows == _STANDARD_INPUT:
        return spool(sys.stdin.buffer, work)
    if not Path(rows).exists():
        raise BadInputError(f"{rows} does not exist; give the path of rows, or {_STANDARD_INPUT} for standard input")
    return Path(rows)


def _found(sandbox: Sandbox, models: list[str], asked: Asked, work: Path) -> list[Found]:
    from .predict_targets import target_of

    found = []
    for number, model in enumerate(models):
        place = work / str(number)
        place.mkdir()
        found.append(target_of(sandbox, model, asked, place))
    return found


def _answered(
    found: list[Found], path: Path, class_names: list[str] | None, limit: int | None
) -> Iterator[tuple[list[Arrays], Callable[[Arrays], list[Row]], Decisions]]:
    """Yield each model's answers under the first one's names, some at once, and what makes rows of them."""
    from ..data.dataset import Dataset
    from ..prediction import Decisions, paired, read_rows, rows_of

    targets: list[Target] = [entry.target for entry in found]
    decisions = Decisions(class_names or next((entry.class_names for entry in found if entry.class_names), None))
    names = [
        paired("outputs", list(targets[0].signature.outputs), list(target.signature.outputs)) for target in targets
    ]
    number = 1
    for datasets, files in read_rows(path, targets):
        left = datasets[0].count if limit is None else min(datasets[0].count, limit - number + 1)
        if left <= 0:
            return
        some = [
            Dataset(
                {name: value[:left] for name, value in dataset.inputs.items()},
                dataset.batched,
                {name: value[:left] for name, value in dataset.labels.items() if len(value) == dataset.count},
            )
            for dataset in datasets
        ]
        answers = []
        for target, dataset, theirs in zip(targets, some, names, strict=True):
            given = target.answers(dataset)
            answers.append({ours: given[name] for ours, name in theirs.items()})
        yield answers, partial(rows_of, number, some[0], decisions, files), decisions
        number += left


def _predict(found: list[Found], path: Path, names: list[str] | None, limit: int | None, *, as_json: bool) -> None:
    from ..prediction import as_json as line_of
    from ..prediction import row_document
    from .predict_table import Table, row_cells

    table = Table(typer.echo)
    for (answers,), rows_of, _ in _answered(found, path, names, limit):
        if as_json:
            for row in rows_of(answers):
                typer.echo(line_of(row_document(row)))
        else:
            table.add([row_cells(row) for row in rows_of(answers)])


def _compare(  # noqa: PLR0913 - one for each option
    found: list[Found], path: Path, names: list[str] | None, limit: int | None, tolerance: float, *, as_json: bool
) -> Differences:
    from ..prediction import Differences, difference_document, summary_document
    from ..prediction import as_json as line_of
    from .predict_table import Table, difference_cells, summary_lines

    differences = Differences(tolerance)
    table = Table(typer.echo)
    for answers, rows_of, decisions in _answered(found, path, names, limit):
        first = differences.rows + 1
        differing = differences.add(answers[0], answers[1], decisions.find(answers[0]))
        ours, theirs = map(rows_of, answers)
        pairs = [(entry, ours[entry.row - first], theirs[entry.row - first]) for entry in differing]
        if as_json:
            for entry in pairs:
                typer.echo(line_of(difference_document(*entry)))
        else:
            table.add([difference_cells(*entry) for entry in pairs])
    if as_json:
        typer.echo(line_of(summary_document(differences)))
    else:
        for line in summary_lines(differences):
            typer.echo(line)
    return differences
