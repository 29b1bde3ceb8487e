"""The command `optimize`: a job without a job.json, for a laptop."""

from __future__ import annotations

import logging
import re
import sys
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when the program runs
from typing import TYPE_CHECKING, Annotated

import typer

from . import environment, supervise
from .config import (
    BEHAVIOR_VERSION,
    Architecture,
    Evaluation,
    Identity,
    Job,
    ModelFormat,
    Packaging,
    Recipe,
    RecipeKind,
    Search,
    Server,
    Source,
    Toolchain,
)
from .outcome import ExitCode
from .schema import sha256_of
from .sources.digest import file_digest

if TYPE_CHECKING:
    from .outcome import Candidate, Outcome


class Objective(StrEnum):
    """What `optimize` makes as small as it can."""

    SIZE = "size"
    LATENCY = "latency"


def optimize(  # noqa: PLR0913, PLR0917 - one option each
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    out: Annotated[Path, typer.Option(help="Receives the model, the report and job.json.", file_okay=False)],
    data: Annotated[
        Path | None, typer.Option(help="Evaluation data, .npz or .jsonl. Without it nothing is searched for.")
    ] = None,
    objective: Annotated[Objective, typer.Option(help="What to make as small as possible.")] = Objective.SIZE,
    max_accuracy_loss: Annotated[
        float, typer.Option(help="At most this much accuracy may be lost; 0.01 is one point.", min=0.0, max=0.999)
    ] = 0.01,
    max_trials: Annotated[int, typer.Option(help="How many candidates to try at most.", min=1)] = 16,
    model_format: Annotated[
        ModelFormat, typer.Option("--format", help="litert for Lambda, saved_model for TensorFlow Serving.")
    ] = ModelFormat.LITERT,
    architecture: Annotated[Architecture, typer.Option(help="The processor that will serve.")] = Architecture.X86_64,
    seed: Annotated[int, typer.Option(help="Of data splits and training.", min=0)] = 0,
    server_image: Annotated[
        str | None,
        typer.Option(
            help="Image whose tensorflow_model_server is tried on the model and published with it, for ModelFleet."
        ),
    ] = None,
) -> None:
    """Find the best model for one platform, with the evidence, without a job.json.

    With labelled data and the format litert it searches as OptimizationRecipe.search() does; without data it does what
    is safe without (forLambda()), and for TensorFlow Serving it strips the model (forServing()). The job that it makes
    is written to OUT/job.json, so that `publish --config OUT/job.json --output OUT` can follow.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    for path in (model, data):
        if path is not None and not path.exists():
            typer.echo(f"{path} does not exist; give the path of a model and of its data", err=True)
            raise typer.Exit(int(ExitCode.BAD_INPUT))
    if server_image and (model_format is not ModelFormat.SAVED_MODEL or architecture is not Architecture.X86_64):
        typer.echo("--server-image is for --format saved_model on x86_64: TensorFlow Serving serves there", err=True)
        raise typer.Exit(int(ExitCode.BAD_INPUT))
    versions = environment.versions()
    search = Search(objective=objective.value, max_accuracy_loss=max_accuracy_loss, max_trials=max_trials)
    job = Job(
        model=_name(model),
        format=model_format,
        source=Source(packaging=_packaging(model), file_name=_file_name(model), identity=_identity(model)),
        evaluation=Evaluation(packaging=_packaging(data), file_name=_file_name(data), identity=_identity(data))
        if data
        else None,
        recipe=_recipe(model_format, search if data else None),
        seed=seed,
        architecture=architecture,
        server=Server(image=server_image) if server_image else None,
        toolchain=Toolchain(
            behavior_version=BEHAVIOR_VERSION, tensorflow=versions["tensorflow"], litert=versions["litert"]
        ),
    )
    out.mkdir(parents=True, exist_ok=True)
    config = out / "job.json"
    config.write_text(job.to_json(), encoding="utf-8")
    outcome = supervise.supervise(config, model, data, out)
    supervise.write_report_safely(out, job, outcome)
    show(outcome)
    raise typer.Exit(int(outcome.exit_code))


def show(outcome: Outcome) -> None:
    """Print the table of candidates and the sentence."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("candidate", "status", "size", "compressed", "accuracy", "latency", "measured on", "why not")
    for one in outcome.candidates:
        table.add_row(one.name, one.status.value, *_figures(one), one.reason, style="bold" if not one.reason else None)
    if outcome.candidates:
        console.print(table)
    for warning in outcome.warnings:
        console.print(f"warning: {warning}", markup=False)
    console.print(outcome.sentence, markup=False)


def _figures(candidate: Candidate) -> tuple[str, str, str, str, str]:
    metrics = candidate.metrics
    if metrics is None:
        return "", "", "", "", ""
    accuracies = [one.accuracy for one in metrics.outputs.values() if one.accuracy is not None]
    latency = metrics.latency_milliseconds
    return (
        f"{metrics.size_bytes:,}",
        f"{metrics.compressed_bytes:,}" if metrics.compressed_bytes is not None else "",
        f"{min(accuracies):.2%}" if accuracies else "",
        f"{latency:.3f} ms" if latency is not None else "",
        f"{metrics.samples:,} of the {metrics.split}",
    )


def _recipe(model_format: ModelFormat, search: Search | None) -> Recipe:
    if model_format is ModelFormat.SAVED_MODEL:
        return Recipe(kind=RecipeKind.FOR_SERVING)
    return Recipe(kind=RecipeKind.SEARCH, search=search) if search else Recipe(kind=RecipeKind.FOR_LAMBDA)


def _name(model: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", model.resolve().stem.lower()).strip("-")[:63].strip("-") or "model"


def _packaging(path: Path) -> Packaging:
    return Packaging.ZIP if path.is_dir() else Packaging.FILE


def _file_name(path: Path) -> str | None:
    return None if path.is_dir() else path.name


def _identity(path: Path) -> Identity:
    if path.is_file():
        return Identity(digest=file_digest(path))
    files = sorted(file for file in path.rglob("*") if file.is_file())
    lines = (f"{file_digest(file)}  {file.relative_to(path).as_posix()}\n" for file in files)
    return Identity(digest=sha256_of("".join(lines).encode()))
