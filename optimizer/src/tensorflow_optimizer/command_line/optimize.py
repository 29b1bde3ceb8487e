"""The command `optimize`: runs a job without a job.json, for use on a laptop."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from ..data import has_labels
from ..documents.document import problems_of
from ..documents.job import (
    BEHAVIOR_VERSION,
    Architecture,
    Gate,
    Job,
    ModelFormat,
    Rule,
    Search,
    Server,
    StatefulBehavior,
    Toolchain,
)
from ..errors import BadInputError, ExitCode
from ..processes import environment
from ..supervision import supervise
from ..supervision.output import check_output, held
from .failure import hints_in, name_hints, one_sentence
from .image_option import image_help, parse_image
from .job_from_options import (
    Objective,
    check_limits,
    check_metric_rules,
    check_order,
    check_search,
    check_source,
    check_steps,
    format_of,
    recipe_of,
    recipe_text,
    write_job,
)
from .json_option import AsJson, show_document
from .local_files import evaluation_of, rest_name_of, source_of, student_of
from .next_step import publish_command
from .operation_option import AllowedOperations  # noqa: TC001 - typer evaluates it
from .option_values import parse_metric_rules, parse_shapes, parse_tasks, read_labels
from .outcome_table import show
from .report import report_of
from .step_options import parse_steps, step_help

if TYPE_CHECKING:
    from ..documents.outcome import Outcome

log = logging.getLogger("tensorflow_optimizer")

_SEARCH = "Search (with labels in --data)"
_STEPS = "Steps of your own (instead of the default recipe or a search)"
_GATE = "Limits (with labels in --data)"
_ABOUT = "What the model does not say of itself"


def optimize(  # noqa: PLR0913, PLR0917 - one option each
    model: Annotated[Path, typer.Argument(help="A SavedModel directory, or a .keras, .h5 or .tflite file.")],
    out: Annotated[Path, typer.Option(help="Receives the model, the report and job.json.", file_okay=False)] = Path(
        "out"
    ),
    data: Annotated[
        Path | None,
        typer.Option(
            help="Evaluation data, .npz, .jsonl, .csv or .parquet. What cannot be verified without it is not done by "
            "default."
        ),
    ] = None,
    search: Annotated[
        bool,
        typer.Option(
            "--search",
            help="Try candidates from mild to strong, and take the best that passes.",
            rich_help_panel=_SEARCH,
        ),
    ] = False,
    objective: Annotated[
        Objective | None,
        typer.Option(
            help="What to make as small as possible.", show_default=Objective.SIZE.value, rich_help_panel=_SEARCH
        ),
    ] = None,
    max_accuracy_loss: Annotated[
        float | None,
        typer.Option(
            help="At most this much accuracy may be lost; 0.01 is one point.",
            show_default="0.01, or 0.02 balanced accuracy where a class is rare",
            min=0.0,
            max=0.999,
            rich_help_panel=_GATE,
        ),
    ] = None,
    max_error_increase: Annotated[
        float | None,
        typer.Option(
            help="At most this much more of the mean absolute error of a regression; 0.01 is 1 %.",
            show_default="0.01",
            min=0.0,
            rich_help_panel=_GATE,
        ),
    ] = None,
    max_loss: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=LIMIT",
            help="At most this much of a metric may be lost, such as recall:1=0.03 or top-k:5=0.01; once for each. "
            "METRIC@OUTPUT names one output of several. Names as in job.json, or with hyphens.",
            rich_help_panel=_GATE,
        ),
    ] = None,
    not_worse_than_serving: Annotated[
        list[str] | None,
        typer.Option(
            metavar="METRIC=MARGIN",
            help="At most this much of a metric may be lost to the version in --serving; once for each.",
            rich_help_panel=_GATE,
        ),
    ] = None,
    serving: Annotated[
        Path | None,
        typer.Option(
            help="The version that serves: the directory serving/ that `fetch --serving-key` has written.",
            file_okay=False,
            rich_help_panel=_GATE,
        ),
    ] = None,
    max_trials: Annotated[
        int | None,
        typer.Option(help="How many candidates to try at most.", show_default="20", min=1, rich_help_panel=_SEARCH),
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
            help="litert for Lambda and the LiteRT server, saved_model for TensorFlow Serving.",
            show_default="litert, or saved_model for strip, freeze and bfloat16",
        ),
    ] = None,
    architecture: Annotated[Architecture, typer.Option(help="The processor that will serve.")] = Architecture.X86_64,
    seed: Annotated[int, typer.Option(help="Of data splits and training.", min=0)] = 0,
    server_image: Annotated[
        str | None,
        typer.Option(help="Image whose tensorflow_model_server is tried on the model and published with it."),
    ] = None,
    warmup_records: Annotated[
        int | None,
        typer.Option(
            help="How many rows of the data are published in a SavedModel, for its server to warm up; 0 for none.",
            show_default="10",
            min=0,
            max=1000,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The model's name in requests.", show_default="made of the file's name")
    ] = None,
    input_shape: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=1,16000",
            help="The whole shape of an input, the batch dimension included; once for each whose dimensions are open.",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    signature: Annotated[
        str | None,
        typer.Option(
            help="The only signature to keep.", show_default="all that can be converted", rich_help_panel=_ABOUT
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="A tag of the SavedModel's graph; once for each.", show_default="serve", rich_help_panel=_ABOUT
        ),
    ] = None,
    stateful: Annotated[
        StatefulBehavior,
        typer.Option(help="What to do with a model whose variables change between calls.", rich_help_panel=_ABOUT),
    ] = StatefulBehavior.REFUSE,
    allowed_operation: AllowedOperations = None,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="PREPROCESSING[:SETTING=VALUE,...]",
            help=f"The input also takes encoded images, whose pixels become numbers by {image_help()}.",
            show_default="numbers alone",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND",
            help="What an output decides: multiclass, binary, multilabel or regression; once for each.",
            show_default="what the answers look like",
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="A text file with the name of a class on each line, in the order of the output.",
            dir_okay=False,
            rich_help_panel=_ABOUT,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a model for one platform as a deployment does, with the evidence, without a job.json.

    All defaults are those of a deployment. Without a recipe it takes the deployment's: for litert dynamic range with
    data, or else float16 or float32, whichever is first to pass; for saved_model stripping. With --search it looks for
    the best candidate, and with --step it makes the one candidate of these steps:

    optimize MODEL --data data.npz --step pruning:sparsity=0.8 --step full-integer

    The job that it makes is written to OUT/job.json, so that `publish --config OUT/job.json --output OUT` can follow.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    with one_sentence():
        students = student or []
        inputs = [path for path in (model, data, labels, serving, *students) if path is not None]
        for path in inputs:
            if not path.exists():
                raise BadInputError(f"{path} does not exist; give the path of a model and of its data")
        check_output(out, inputs)
        steps = parse_steps(step or [], [student_of(student) for student in students])
        made_for = model_format or format_of(steps)
        if server_image and (made_for is not ModelFormat.SAVED_MODEL or architecture is not Architecture.X86_64):
            raise BadInputError("--server-image is for --format saved_model on x86_64: TensorFlow Serving serves there")
        if warmup_records is not None and (made_for is not ModelFormat.SAVED_MODEL or data is None):
            raise BadInputError("--warmup-records is for --format saved_model with --data; leave it out")
        if image and made_for is not ModelFormat.LITERT:
            raise BadInputError("--image is for --format litert, because TensorFlow Serving decodes no images")
        check_source(model, signature, tag, allowed_operation)
        check_steps(steps, made_for)
        given = {"maxAccuracyLoss": max_accuracy_loss, "maxErrorIncrease": max_error_increase}
        limits = {rule: value for rule, value in given.items() if value is not None}
        labelled = None if data is None else has_labels(data)
        check_search(objective, max_trials, search=search, labelled=labelled, steps=bool(steps))
        check_limits(limits, labelled=labelled, steps=bool(steps))
        rules = [
            *parse_metric_rules("--max-loss", "maxLoss", max_loss or []),
            *parse_metric_rules("--not-worse-than-serving", "notWorseThanServing", not_worse_than_serving or []),
        ]
        check_metric_rules(rules, serving, labelled=labelled)
        if not search:
            rules += [Rule.model_validate({"rule": rule, "value": value}) for rule, value in limits.items()]
        trials = {} if max_trials is None else {"max_trials": max_trials}
        searched = Search(
            objective=(objective or Objective.SIZE).value,
            max_accuracy_loss=max_accuracy_loss,
            max_error_increase=max_error_increase,
            **trials,
        )
        versions = environment.versions()
        told = {
            "input_shapes": parse_shapes(input_shape or []),
            "signature_name": signature,
            "stateful": stateful,
            **({"tags": tag} if tag else {}),
            **({"allowed_operations": allowed_operation} if allowed_operation else {}),
        }
        try:
            job = Job(
                model=rest_name_of(model) if name is None else name,
                format=made_for,
                source=source_of(model).model_copy(update=told),
                evaluation=evaluation_of(data) if data else None,
                image=parse_image(image) if image else None,
                tasks=parse_tasks(task or []),
                recipe=recipe_of(made_for, steps, searched if search else None),
                gate=Gate(rules=rules) if rules else None,
                seed=seed,
                architecture=architecture,
                labels=read_labels(labels) if labels else None,
                server=Server(image=server_image) if server_image else None,
                toolchain=Toolchain(
                    behavior_version=BEHAVIOR_VERSION, tensorflow=versions["tensorflow"], litert=versions["litert"]
                ),
                **({} if warmup_records is None else {"warmup_records": warmup_records}),
            )
        except ValidationError as error:
            raise BadInputError(
                f"--name {name} names no model: give at most 63 letters, digits, underscores, hyphens and "
                f"dots, with neither hyphen nor dot at an end ({problems_of(error)})"
            ) from error
        check_order(job)
        log.info("recipe: %s", recipe_text(job.recipe))
        with held(out):
            config = write_job(out, job)
            outcome = supervise.supervise(config, model, data, out, students, serving)
            supervise.write_report_safely(out, job, outcome)
    if as_json:
        show_document(outcome.to_data())
    else:
        _show(outcome, out, config, job.model)
    raise typer.Exit(int(outcome.exit_code))


def _show(outcome: Outcome, out: Path, config: Path, model: str) -> None:
    show(outcome)
    name_hints(hints_in(outcome))
    if outcome.exit_code is ExitCode.DONE:
        typer.echo(f"report: {report_of(out)}")
        typer.echo(f"next: {publish_command(config, out, model)}")
