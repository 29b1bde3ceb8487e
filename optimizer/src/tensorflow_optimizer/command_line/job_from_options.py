"""Creates the job of the command `optimize`, and rejects bad options before TensorFlow starts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.job import Freeze, Job, ModelFormat, Recipe, RecipeKind, Search, Strip
from ..documents.quantization import Quantization
from ..errors import BadInputError
from ..sources import SourceKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..documents.job import Rule, Step


class Objective(StrEnum):
    """The quantity that `optimize` minimizes."""

    SIZE = "size"
    LATENCY = "latency"


def recipe_of(made_for: ModelFormat, steps: list[Step], search: Search | None) -> Recipe:
    """Return the job's recipe."""
    if steps:
        return Recipe(kind=RecipeKind.STEPS, steps=steps)
    if search:
        return Recipe(kind=RecipeKind.SEARCH, search=search)
    return Recipe(kind=RecipeKind.FOR_SERVING if made_for is ModelFormat.SAVED_MODEL else RecipeKind.FOR_LITERT)


def recipe_text(recipe: Recipe) -> str:
    """Return what the recipe does, and what else there is."""
    if recipe.kind is RecipeKind.STEPS:
        return "the steps given"
    if recipe.kind is RecipeKind.SEARCH:
        return "a search"
    server = "TensorFlow Serving" if recipe.kind is RecipeKind.FOR_SERVING else "LiteRT"
    return f"the default for {server}, which a deployment without a recipe takes; --search looks for a better model"


def format_of(steps: list[Step]) -> ModelFormat:
    """Return the recipe's format, unless an option says it."""
    served = any(isinstance(step, (Strip, Freeze)) or _is_bfloat16(step) for step in steps)
    return ModelFormat.SAVED_MODEL if served else ModelFormat.LITERT


def _is_bfloat16(step: Step) -> bool:
    return isinstance(step, Quantization) and step.mode == "bfloat16"


def check_source(
    model: Path, signature: str | None, tags: list[str] | None, allowed_operations: list[str] | None
) -> None:
    """Reject options that apply to a SavedModel only, or to all but a .tflite file."""
    if allowed_operations and model.suffix == ".tflite":
        raise BadInputError(
            "--allowed-operation has no effect on a .tflite file, which has no such operation: leave it out"
        )
    given = {"--signature": signature if model.suffix != ".tflite" else None, "--tag": tags}
    idle = ", ".join(name for name, value in given.items() if value)
    if idle and model.suffix in {".keras", ".h5", ".hdf5", ".tflite"}:
        raise BadInputError(f"{idle} has no effect on a {model.suffix} file: leave it out, or give a SavedModel")


def check_steps(steps: list[Step], made_for: ModelFormat) -> None:
    """Reject options that would be ignored silently; the pipeline checks everything else about steps."""
    graph = ", ".join(step.step for step in steps if isinstance(step, (Strip, Freeze)))
    if graph and made_for is ModelFormat.LITERT:
        raise BadInputError(
            f"{graph} has no effect on a LiteRT model, whose conversion keeps nothing to strip: leave it out, or make "
            "the model for TensorFlow Serving with --format saved_model"
        )


def check_search(
    objective: Objective | None, trials: int | None, *, search: bool, labelled: bool | None, steps: bool
) -> None:
    """Reject a search that cannot be made, and options without effect; `labelled` is None without data."""
    given = {"--objective": objective, "--max-trials": trials}
    idle = ", ".join(name for name, value in given.items() if value is not None)
    if steps and (search or idle):
        raise BadInputError(
            f"{'--search' if search else idle} is for a search, and --step makes exactly one candidate; leave one out"
        )
    if idle and not search:
        raise BadInputError(f"{idle} is for a search; add --search, or leave it out")
    if search and not labelled:
        raise BadInputError(
            f"--search needs labels to decide by, and {_without_labels(labelled)}; give --data with labels, or leave "
            "it out"
        )


def check_limits(limits: Mapping[str, float], *, labelled: bool | None, steps: bool) -> None:
    """Reject limits that nothing could be compared with; `labelled` is None without data.

    With steps of one's own the job itself says what it lacks.
    """
    options = {"maxAccuracyLoss": "--max-accuracy-loss", "maxErrorIncrease": "--max-error-increase"}
    idle = ", ".join(options[rule] for rule in limits)
    if idle and not labelled and not steps:
        raise BadInputError(
            f"{idle} needs labels, and {_without_labels(labelled)}; give --data with labels, or leave it out"
        )


def _without_labels(labelled: bool | None) -> str:
    return "there is no --data" if labelled is None else "the data has none"


def check_metric_rules(rules: Sequence[Rule], serving: Path | None, *, labelled: bool | None) -> None:
    """Reject limits on metrics that nothing could be compared with; `labelled` is None without data."""
    if rules and not labelled:
        raise BadInputError("--max-loss and --not-worse-than-serving need labels; give --data with labels")
    compared = any(rule.rule == "notWorseThanServing" for rule in rules)
    if compared != (serving is not None):
        raise BadInputError(
            "--not-worse-than-serving compares with the version in --serving: give both, or neither of them"
        )


def check_order(job: Job) -> None:
    """Reject invalid orders and combinations of steps early: the job would do so only after TensorFlow has started."""
    from ..candidates.plans import litert_plans, saved_model_plans

    if job.recipe.kind is not RecipeKind.STEPS:
        return
    has_data = job.evaluation is not None
    if job.format is ModelFormat.LITERT:
        litert_plans(job, has_data=has_data)
    else:
        saved_model_plans(job, SourceKind.SAVED_MODEL, has_data=has_data)


def write_job(out: Path, job: Job) -> Path:
    """Write OUT/job.json, unless a file exists that this command has not written."""
    config = out / "job.json"
    out.mkdir(parents=True, exist_ok=True)
    if config.exists():
        text = config.read_bytes()
        try:
            ours = Job.model_validate_json(text).to_json().encode() == text
        except ValidationError:
            ours = False
        if not ours:
            raise BadInputError(
                f"{config} is not of an earlier `optimize`, which would replace it: give another directory for the "
                "output, or move it away"
            )
    config.write_text(job.to_json(), encoding="utf-8")
    return config
