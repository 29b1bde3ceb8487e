"""The command `check`: evaluation data against a model, before a build is paid for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadInputError, ExitCode
from ..processes import environment
from .failure import in_inspection, name_hints, one_sentence
from .json_option import AsJson, show_document
from .label_option import ClassNames  # noqa: TC001 - typer evaluates it
from .operation_option import AllowedOperations  # noqa: TC001 - typer evaluates it
from .option_values import parse_shapes, read_labels

if TYPE_CHECKING:
    from ..data.check import DataCheck
    from .opened_model import OpenedModel


@dataclass(frozen=True)
class _Checked:
    """The data against all signatures of a model."""

    file: Path
    default: str
    """The signature that the job evaluates."""
    found: dict[str, DataCheck]
    """Findings by the name of the signature, the default one first."""

    @property
    def data(self) -> DataCheck:
        """The data against the signature that the job evaluates."""
        return self.found[self.default]

    def document(self) -> dict[str, Any]:
        """Return what was found."""
        data = self.data
        return {
            "file": self.file.name,
            "format": data.format.value,
            "fits": not data.problems,
            "signature": self.default,
            "rows": data.rows,
            "rowsRead": data.rows_read,
            "problems": list(data.problems),
            "warnings": data.warnings,
            "signatures": {
                name: {"fits": not entry.problems, "problems": list(entry.problems)}
                for name, entry in self.found.items()
            },
        }


def check(  # noqa: PLR0913 - one parameter for each option
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    data: Annotated[
        Path,
        typer.Argument(
            help="Evaluation data: an .npz, .jsonl, .csv or .parquet file, or a directory with one or with images."
        ),
    ],
    *,
    read_all: Annotated[
        bool, typer.Option("--all", help="Read every value, in memory that does not grow with the file.")
    ] = False,
    seed: Annotated[
        int, typer.Option(help="The seed of the job, which draws the parts of the data, for --all.", min=0)
    ] = 0,
    signature: Annotated[
        str | None, typer.Option(help="The signature of the data.", show_default="the one that a job evaluates")
    ] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=1,16000",
            help="The whole shape of an input, the batch dimension included; once for each whose dimensions are open.",
        ),
    ] = None,
    labels: ClassNames = None,
    tag: Annotated[list[str] | None, typer.Option(help="Tag of the SavedModel's graph.", show_default="serve")] = None,
    allowed_operation: AllowedOperations = None,
    as_json: AsJson = False,
) -> None:
    """Check evaluation data against a model, in seconds: names, types, shapes and classes. Changes nothing.

    It reads headers, and the first rows of formats that have none, and names every problem at once, with row and
    column, in the words of a build, which would refuse the data.
    With --all it reads every value. It also warns of what a build would accept: NaN, infinities, constant and unscaled
    inputs, missing classes, rows that are ordered by class, and equal rows in different parts of the data.
    Exit codes: 0 where the data fits; 2 where it does not, or there is no whole model.
    """
    environment.prepare()
    # Other commands start without NumPy.
    from ..sandbox import Sandbox
    from .opened_model import described_by, open_model, work_directory

    with one_sentence(in_inspection):
        if not data.exists():
            raise BadInputError(f"{data} does not exist; give the path of evaluation data")
        shapes, names = parse_shapes(input_shape or []), read_labels(labels) if labels else None
        with Sandbox(preloaded=described_by(model)) as sandbox, work_directory() as work:
            opened = open_model(sandbox, model, tag or ["serve"], work, allowed_operation or (), checksums=False)
        checked = _check(opened, data, signature, shapes, names, seed if read_all else None)
        if as_json:
            show_document(checked.document())
        else:
            _show(model, data, checked, read_all=read_all)
        if checked.data.problems:
            name_hints(checked.data.problems.hints, in_inspection)
            raise typer.Exit(int(ExitCode.BAD_INPUT))


def _check(  # noqa: PLR0913, PLR0917 - one for each option
    model: OpenedModel,
    path: Path,
    signature: str | None,
    shapes: dict[str, list[int]] | None,
    class_names: list[str] | None,
    seed: int | None,
) -> _Checked:
    """Check the data; with a seed every value of it, against the signature that the job evaluates."""
    from ..data.check import check_all, check_beginning
    from ..data.expected import ExpectedData
    from ..data.formats import find_data
    from ..signatures.fixed import is_batched
    from ..signatures.select import default_signature

    file = find_data(path)
    default = default_signature(model.specs, signature)
    found = {}
    for name, spec in sorted(model.specs.items(), key=lambda item: item[0] != default):
        given = shapes if name == default else None
        expected = ExpectedData.of(file, spec, given, batched=is_batched(spec, given or {}) or None)
        whole = name == default and seed is not None
        found[name] = check_all(expected, class_names, seed or 0) if whole else check_beginning(expected, class_names)
    return _Checked(file, default, found)


def _show(model: Path, data: Path, checked: _Checked, *, read_all: bool) -> None:
    found = checked.data
    count = f"{found.rows:,} rows" if found.rows is not None else f"the first {found.rows_read:,} rows read"
    typer.echo(f"{checked.file.name}: {found.format.value}, {count}")
    for name, entry in checked.found.items():
        problems = list(entry.problems)
        role = ", which a job evaluates" if name == checked.default else ""
        result = "fits" if not problems else "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        typer.echo(f"signature {name}{role}: {result}")
        for problem in problems:
            typer.echo(f"  - {problem}")
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    if not found.problems:
        paths = shlex.quote(str(model)), shlex.quote(str(data))
        if not read_all:
            typer.echo(f"every value: cdk-tensorflow check {paths[0]} {paths[1]} --all")
        typer.echo(f"next: cdk-tensorflow optimize {paths[0]} --data {paths[1]} --out out")
