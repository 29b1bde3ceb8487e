"""The command `optimize`: a job without a job.json, for a laptop."""

from __future__ import annotations

import logging
import sys
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations when the program runs
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from . import environment
from .commands.outcome_table import show
from .config import (
    BEHAVIOR_VERSION,
    Architecture,
    Freeze,
    Gate,
    Job,
    ModelFormat,
    Quantization,
    Recipe,
    RecipeKind,
    Rule,
    Search,
    Server,
    Strip,
    Toolchain,
)
from .errors import BadInputError, OptimizerError
from .local_files import evaluation_of, rest_name_of, source_of, student_of
from .outcome import ExitCode
from .sources import SourceKind
from .step_texts import parse_steps, step_help
from .supervision import supervise

if TYPE_CHECKING:
    from .config import Step


class Objective(StrEnum):
    """What `optimize` makes as small as it can."""

    SIZE = "size"
    LATENCY = "latency"


_SEARCH = "Search (with --data, without --step)"
_STEPS = "Steps of your own (instead of a search)"


def optimize(  # noqa: PLR0913, PLR0917 - one option each
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    out: Annotated[Path, typer.Option(help="Receives the model, the report and job.json.", file_okay=False)],
    data: Annotated[
        Path | None, typer.Option(help="Evaluation data, .npz or .jsonl. Without it nothing is searched for.")
    ] = None,
    objective: Annotated[
        Objective | None,
        typer.Option(
            help="What to make as small as possible.", show_default=Objective.SIZE.value, rich_help_panel=_SEARCH
        ),
    ] = None,
    max_accuracy_loss: Annotated[
        float | None,
        typer.Option(
            help="At most this much accuracy may be lost; 0.01 is one point. A rule for steps of your own as well.",
            show_default="0.01",
            min=0.0,
            max=0.999,
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    max_trials: Annotated[
        int | None,
        typer.Option(help="How many candidates to try at most.", show_default="16", min=1, rich_help_panel=_SEARCH),
    ] = None,
    step: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:SETTING=VALUE,...]",
            help=(
                "A step of exactly one candidate; once for each, in their order: distillation, pruning, then a "
                f"quantization, strip or freeze, then bfloat16. The steps are: {step_help()}."
            ),
            rich_help_panel=_STEPS,
        ),
    ] = None,
    student: Annotated[
        list[Path] | None,
        typer.Option(
            help="The model that a step `distillation` without a size trains; once for each, in the order of the "
            "steps.",
            rich_help_panel=_STEPS,
        ),
    ] = None,
    model_format: Annotated[
        ModelFormat | None,
        typer.Option(
            "--format",
            help="litert for Lambda, saved_model for TensorFlow Serving.",
            show_default="litert, or saved_model for strip, freeze and bfloat16",
        ),
    ] = None,
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

    With labelled data it searches as OptimizationRecipe.search() does; without data it does what is safe without
    (forLambda() for litert, forServing() for saved_model). With --step it makes the one candidate of these steps, as
    OptimizationRecipe.of() does:

    optimize MODEL --data data.npz --step pruning:sparsity=0.8 --step full-integer --out DIR

    The job that it makes is written to OUT/job.json, so that `publish --config OUT/job.json --output OUT` can follow.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    students = student or []
    for path in (model, data, *students):
        if path is not None and not path.exists():
            _refuse(f"{path} does not exist; give the path of a model and of its data")
    try:
        steps = parse_steps(step or [], [student_of(one) for one in students])
    except BadInputError as error:
        _refuse(str(error))
    made_for = model_format or _format_of(steps)
    if server_image and (made_for is not ModelFormat.SAVED_MODEL or architecture is not Architecture.X86_64):
        _refuse("--server-image is for --format saved_model on x86_64: TensorFlow Serving serves there")
    _check_steps(steps, made_for)
    _check_search(objective, max_accuracy_loss, max_trials, searches=data is not None and not steps, steps=bool(steps))
    limit = {} if max_accuracy_loss is None else {"max_accuracy_loss": max_accuracy_loss}
    trials = {} if max_trials is None else {"max_trials": max_trials}
    search = Search(objective=(objective or Objective.SIZE).value, **limit, **trials)
    versions = environment.versions()
    job = Job(
        model=rest_name_of(model),
        format=made_for,
        source=source_of(model),
        evaluation=evaluation_of(data) if data else None,
        recipe=_recipe(made_for, steps, search if data else None),
        gate=Gate(rules=[Rule(rule="maxAccuracyLoss", value=value) for value in limit.values()])
        if steps and limit
        else None,
        seed=seed,
        architecture=architecture,
        server=Server(image=server_image) if server_image else None,
        toolchain=Toolchain(
            behavior_version=BEHAVIOR_VERSION, tensorflow=versions["tensorflow"], litert=versions["litert"]
        ),
    )
    _check_order(job)
    out.mkdir(parents=True, exist_ok=True)
    config = out / "job.json"
    config.write_text(job.to_json(), encoding="utf-8")
    outcome = supervise.supervise(config, model, data, out, students)
    supervise.write_report_safely(out, job, outcome)
    show(outcome)
    raise typer.Exit(int(outcome.exit_code))


def _recipe(made_for: ModelFormat, steps: list[Step], search: Search | None) -> Recipe:
    if steps:
        return Recipe(kind=RecipeKind.STEPS, steps=steps)
    if search:
        return Recipe(kind=RecipeKind.SEARCH, search=search)
    return Recipe(kind=RecipeKind.FOR_SERVING if made_for is ModelFormat.SAVED_MODEL else RecipeKind.FOR_LAMBDA)


def _format_of(steps: list[Step]) -> ModelFormat:
    """Return what a recipe is for, where nobody says it."""
    served = any(isinstance(one, (Strip, Freeze)) or _is_bfloat16(one) for one in steps)
    return ModelFormat.SAVED_MODEL if served else ModelFormat.LITERT


def _is_bfloat16(step: Step) -> bool:
    return isinstance(step, Quantization) and step.mode == "bfloat16"


def _check_steps(steps: list[Step], made_for: ModelFormat) -> None:
    """Refuse what would be left out silently; everything else about steps is for the pipeline to judge."""
    graph = ", ".join(one.step for one in steps if isinstance(one, (Strip, Freeze)))
    if graph and made_for is ModelFormat.LITERT:
        _refuse(
            f"{graph} has no effect on a LiteRT model, whose conversion keeps nothing to strip: leave it out, or make "
            "the model for TensorFlow Serving with --format saved_model"
        )


def _check_search(
    objective: Objective | None, limit: float | None, trials: int | None, *, searches: bool, steps: bool
) -> None:
    """Refuse options that would have no effect."""
    given = {"--objective": objective, "--max-trials": trials, "--max-accuracy-loss": None if steps else limit}
    idle = ", ".join(name for name, value in given.items() if value is not None)
    if idle and not searches:
        why = "--step makes exactly one candidate" if steps else "without --data nothing can be searched for"
        _refuse(f"{idle} is for a search, and {why}; leave it out, or give {'no --step' if steps else '--data'}")


def _check_order(job: Job) -> None:
    """Refuse steps in an illegal order or combination now: the job would say the same once TensorFlow has started."""
    from .pipeline.plan import litert_plans, saved_model_plans

    if job.recipe.kind is not RecipeKind.STEPS:
        return
    has_data = job.evaluation is not None
    try:
        if job.format is ModelFormat.LITERT:
            litert_plans(job, has_data=has_data)
        else:
            saved_model_plans(job, SourceKind.SAVED_MODEL, has_data=has_data)
    except OptimizerError as error:
        _refuse(str(error), error.exit_code)


def _refuse(sentence: str, code: ExitCode = ExitCode.BAD_INPUT) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(int(code))
