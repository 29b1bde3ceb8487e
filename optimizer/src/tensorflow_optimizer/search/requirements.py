"""Checks what a search needs from a job and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.job import Gate, ModelFormat, ModelTask, Rule
from ..errors import BadInputError
from ..hints import Hint

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..reference.measure import Reference


def with_search_gate(job: Job, reference: Reference) -> Job:
    """Return the job with the search's limits as rules of its gate, unless the gate has its own.

    An output without a limit has the gate's default rule on labels.

    Raises:
        BadInputError: there are no labels, or a limit is for a kind of output that none of them is for.
    """
    search = job.recipe.search
    if search is None:
        return job
    tasks, labelled = reference.tasks[reference.default], sorted(reference.labelled)
    if not labelled:
        raise _needs_labels(job, "the evaluation data has none")
    kinds = {tasks[name].task is ModelTask.REGRESSION for name in labelled}
    own = job.gate.rules if job.gate else []
    asked = {rule.rule for rule in own}
    rules = []
    for rule, limit, of_regressions in (
        ("maxAccuracyLoss", search.max_accuracy_loss, False),
        ("maxErrorIncrease", search.max_error_increase, True),
    ):
        if limit is None or rule in asked:
            continue
        if of_regressions in kinds:
            rules.append(Rule.model_validate({"rule": rule, "value": limit}))
        else:
            listed = ", ".join(f"{name}: {tasks[name].describe()}" for name in labelled)
            other = "maxAccuracyLoss" if of_regressions else "maxErrorIncrease"
            raise BadInputError(
                f"the search has the limit {rule} {limit:g}, and no labelled output that it is for ({listed}); give "
                f"{other} instead, or state the outputs' tasks",
                Hint.TASKS,
            )
    return job.model_copy(update={"gate": Gate(rules=[*own, *rules], strict=bool(job.gate and job.gate.strict))})


def check_has_data(job: Job, *, has_data: bool) -> None:
    """Refuse a search without data, before anything is opened.

    Raises:
        BadInputError: there is none.
    """
    if job.recipe.search is not None and not has_data:
        raise _needs_labels(job, "there is no evaluation data")


def _needs_labels(job: Job, got: str) -> BadInputError:
    serving = job.format is ModelFormat.SAVED_MODEL
    other = "TensorFlow Serving" if serving else "LiteRT"
    return BadInputError(
        f"a search decides by accuracy or error, which needs evaluation data with labels, and {got}; give such data, "
        f"or use the default recipe for {other} or one of given steps, which are judged by what the data can tell",
        Hint.EVALUATION_DATA,
        Hint.RECIPE_SERVING if serving else Hint.RECIPE_LITERT,
        Hint.RECIPE_STEPS,
    )
