"""Checks what a search needs from a job and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import Gate, ModelFormat, ModelTask, RecipeKind, Rule
from ..errors import BadInputError
from ..hints import Hint

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..reference.measure import Reference


def with_search_gate(job: Job) -> Job:
    """Return the job with the search's limit as a rule of its gate, unless the gate has one of its own."""
    search = job.recipe.search
    if job.recipe.kind is not RecipeKind.SEARCH or search is None:
        return job
    own = job.gate.rules if job.gate else []
    if any(rule.rule == "maxAccuracyLoss" for rule in own):
        return job
    rule = Rule(rule="maxAccuracyLoss", value=search.max_accuracy_loss)
    return job.model_copy(update={"gate": Gate(rules=[*own, rule], strict=bool(job.gate and job.gate.strict))})


def check_has_data(job: Job, *, has_data: bool) -> None:
    """Refuse a search without data, before anything is opened.

    Raises:
        BadInputError: there is none.
    """
    if job.recipe.search is not None and not has_data:
        raise _needs(job, "there is no evaluation data")


def check_searchable(job: Job, reference: Reference) -> None:
    """Refuse a search on data that cannot tell how accurate anything is.

    Raises:
        BadInputError: there are no labels, or only such as decide no classes.
    """
    if job.recipe.search is None:
        return
    tasks = reference.tasks[reference.default]
    labelled = sorted(reference.labelled)
    if not labelled:
        raise _needs(job, "the evaluation data has none")
    if all(tasks[name].task is ModelTask.REGRESSION for name in labelled):
        listed = ", ".join(f"{name}: {tasks[name].describe()}" for name in labelled)
        raise _needs(job, f"the labelled outputs decide no classes ({listed})")


def _needs(job: Job, got: str) -> BadInputError:
    serving = job.format is ModelFormat.SAVED_MODEL
    other = "TensorFlow Serving" if serving else "LiteRT"
    return BadInputError(
        f"a search decides by accuracy, which needs evaluation data with labels for an output that decides classes, "
        f"and {got}; give such data, or use the default recipe for {other} or one of given steps, which are judged by "
        "what the data can tell",
        Hint.EVALUATION_DATA,
        Hint.RECIPE_SERVING if serving else Hint.RECIPE_LITERT,
        Hint.RECIPE_STEPS,
    )
