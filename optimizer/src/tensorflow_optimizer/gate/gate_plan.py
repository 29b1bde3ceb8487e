"""Selects the rules for each output: the job's, and the default for every output without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..documents.job import Gate, Metric, MetricName, ModelTask, RecipeKind, Rule
from ..documents.outcome import EvidenceKind
from ..errors import BadInputError
from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from collections.abc import Set as AbstractSet

    from ..documents.job import Job
    from ..evaluation import OutputTask

_ACCURACY_LOSS = 0.01
#: Greatest loss by default. Of 1,000 samples and 90 of the rare class, 1 % of changed decisions seldom lose as much.
_BALANCED_ACCURACY_LOSS = 0.02
#: Relative to the mean absolute error: comparable to one point of a classifier, and far below the variance of
# samples.
_ERROR_INCREASE = 0.01
_AGREEMENT = 0.99
_BALANCED = Metric(name=MetricName.BALANCED_ACCURACY)
_RELATIVE_ERROR = 0.05
#: Greatest relative error by default without data: far too small to change a decision.
_RELATIVE_ERROR_UNSEEN = 0.01


_OF_A_CLASS = "an output that decides classes, and samples with this class as their label"
_NEEDS = {
    MetricName.RECALL: _OF_A_CLASS,
    MetricName.PRECISION: _OF_A_CLASS,
    MetricName.F1: _OF_A_CLASS,
    MetricName.AUC: "scores of two classes",
    MetricName.TOP_K: "scores of more than k classes",
    MetricName.MEAN_ABSOLUTE_ERROR: "a regression",
}


@dataclass(frozen=True)
class PlannedRule:
    """A rule, and the outputs that it is measured on; None for all possible outputs."""

    rule: Rule
    outputs: frozenset[str] | None = None
    where_kept: frozenset[str] = frozenset()
    """Outputs of signatures that a candidate may have left out: measured on those that it has."""


@dataclass(frozen=True)
class GatePlan:
    """All rules for one job."""

    rules: list[PlannedRule]
    strict: bool
    unseen: frozenset[str] = frozenset()
    """Outputs that no rule can be measured on: of signatures without data, and no numbers."""

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that rules on losses name."""
        return self._metrics_of("maxLoss")

    @property
    def serving_metrics(self) -> list[Metric]:
        """The metrics that are compared with the version that serves."""
        return self._metrics_of("notWorseThanServing")

    def _metrics_of(self, name: str) -> list[Metric]:
        return [planned.rule.metric for planned in self.rules if planned.rule.metric and planned.rule.rule == name]

    def to_gate(self) -> Gate:
        """Return the rules as in manifest.json."""
        return Gate(rules=[rule.rule for rule in self.rules], strict=self.strict)


def check_measurable(
    gate: Gate | None,
    tasks: Mapping[str, OutputTask],
    labelled: set[str],
    evidence: EvidenceKind,
    measured: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Reject a gate that this data cannot measure.

    Args:
        gate: The job's gate.
        tasks: Tasks of the default signature's outputs.
        labelled: The outputs with labels.
        evidence: The available data.
        measured: Keys of the metrics that the labels allow, by output.

    Raises:
        BadInputError: The gate needs accuracy without labels, or agreement without real data.
    """
    for rule in gate.rules if gate else []:
        if rule.metric is not None:
            _check_metric(rule.metric, tasks, labelled, measured or {})
    rules = {rule.rule for rule in gate.rules} if gate else set()
    classes = {name for name, task in tasks.items() if task.task is not ModelTask.REGRESSION}
    if "maxAccuracyLoss" in rules:
        if not labelled:
            raise BadInputError(
                "the gate limits the loss of accuracy, which needs evaluation data with labels; give evaluation data "
                "with labels, or gate on agreement (data without labels) or on relative error",
                Hint.EVALUATION_DATA,
                Hint.AGREEMENT_RULE,
                Hint.RELATIVE_ERROR_RULE,
            )
        if not labelled & classes:
            raise BadInputError(
                "the gate limits the loss of accuracy, but the labelled outputs decide no classes ("
                + ", ".join(f"{name}: {tasks[name].describe()}" for name in sorted(labelled))
                + "); gate on the increase of the error, or state the outputs' tasks",
                Hint.ERROR_INCREASE_RULE,
                Hint.TASKS,
            )
    if "maxErrorIncrease" in rules:
        _check_error_increase(tasks, labelled, classes)
    if "minAgreement" in rules:
        if evidence is EvidenceKind.GENERATED:
            raise BadInputError(
                "the gate asks for agreement, which generated inputs cannot show; give evaluation data (labels are "
                "not needed), or gate on relative error",
                Hint.EVALUATION_DATA,
                Hint.RELATIVE_ERROR_RULE,
            )
        if not classes:
            raise BadInputError(
                "the gate asks for agreement, but no output decides classes ("
                + ", ".join(f"{name}: {task.describe()}" for name, task in tasks.items())
                + "); gate on relative error, or state the outputs' tasks",
                Hint.RELATIVE_ERROR_RULE,
                Hint.TASKS,
            )


def _check_metric(
    metric: Metric, tasks: Mapping[str, OutputTask], labelled: set[str], measured: Mapping[str, Collection[str]]
) -> None:
    what = f"the gate limits the loss of {metric.words}"
    if not labelled:
        raise BadInputError(
            f"{what}, which needs evaluation data with labels; give evaluation data with labels, or gate on agreement "
            "(data without labels) or on relative error",
            Hint.EVALUATION_DATA,
            Hint.AGREEMENT_RULE,
            Hint.RELATIVE_ERROR_RULE,
        )
    if metric.output is not None and metric.output not in labelled:
        raise BadInputError(
            f"{what} of the output {metric.output!r}, but the outputs with labels are "
            f"{', '.join(map(repr, sorted(labelled)))}; name one of them, or leave the output out"
        )
    if not any(_has_any([metric], name, measured) for name in labelled):
        raise BadInputError(
            f"{what}, which the labelled outputs do not have ("
            + ", ".join(f"{name}: {tasks[name].describe()}" for name in sorted(labelled))
            + f"): it needs {_NEEDS.get(metric.name, 'an output that decides classes')}; name another metric, or state "
            "the outputs' tasks",
            Hint.TASKS,
        )


def _check_error_increase(tasks: Mapping[str, OutputTask], labelled: set[str], classes: set[str]) -> None:
    if not labelled:
        raise BadInputError(
            "the gate limits the increase of the error, which needs evaluation data with labels; give such data, or "
            "gate on relative error",
            Hint.EVALUATION_DATA,
            Hint.RELATIVE_ERROR_RULE,
        )
    if labelled <= classes:
        raise BadInputError(
            "the gate limits the increase of the error, but the labelled outputs decide classes ("
            + ", ".join(f"{name}: {tasks[name].describe()}" for name in sorted(labelled))
            + "); gate on the loss of accuracy, or state the outputs' tasks",
            Hint.TASKS,
        )


def plan_gate(  # noqa: PLR0913, PLR0917 - what there is, and what is known of it
    job: Job,
    tasks: Mapping[str, OutputTask],
    labelled: set[str],
    evidence: EvidenceKind,
    floats: set[str],
    others: AbstractSet[str] = frozenset(),
    *,
    imbalanced: AbstractSet[str] = frozenset(),
    measured: Mapping[str, Collection[str]] | None = None,
) -> GatePlan:
    """Return the rules for this job.

    An output without a quality rule in the job's gate gets the default rule, so that none is published unchecked.
    Outputs of signatures without data get the default rule on numbers, as for measurements. Without any data, the steps
    that a recipe names have no default rule: they are published as unverified.

    Args:
        job: The job.
        tasks: Tasks of the default signature's outputs.
        labelled: The outputs with labels.
        evidence: The available data.
        floats: The outputs with numbers, over all signatures: the only ones with a relative error.
        others: The outputs of the signatures without data.
        imbalanced: The outputs with labels of which a class is rare.
        measured: Keys of the metrics that the labels allow, by output.
    """
    strict = bool(job.gate and job.gate.strict)
    own = [PlannedRule(rule) for rule in job.gate.rules] if job.gate else []
    asked = {rule.rule.rule for rule in own}
    if evidence is EvidenceKind.GENERATED:
        if "maxRelativeError" in asked or job.recipe.kind is RecipeKind.STEPS or not floats:
            return GatePlan(own, strict)
        rule = Rule(rule="maxRelativeError", value=_RELATIVE_ERROR_UNSEEN)
        return GatePlan([*own, PlannedRule(rule)], strict)
    limits = {
        "maxAccuracyLoss": _ACCURACY_LOSS,
        "maxLoss": _BALANCED_ACCURACY_LOSS,
        "maxErrorIncrease": _ERROR_INCREASE,
        "minAgreement": _AGREEMENT,
        "maxRelativeError": _RELATIVE_ERROR,
    }
    # A search decides by labels where there are any.
    searched = job.recipe.search is not None
    metrics = [rule.rule.metric for rule in own if rule.rule.rule == "maxLoss" and rule.rule.metric]
    groups: dict[str, set[str]] = {name: set() for name in limits}
    for name, task in tasks.items():
        regression = task.task is ModelTask.REGRESSION
        with_labels = name in labelled
        reached = (
            _has_any(metrics, name, measured or {})
            or ("maxRelativeError" in asked and (regression or name in floats) and not (searched and with_labels))
            or ("minAgreement" in asked and not regression and not (searched and with_labels))
            or ("maxErrorIncrease" in asked and with_labels and regression)
            or ("maxAccuracyLoss" in asked and with_labels and not regression)
        )
        if not reached:
            of_classes = "maxLoss" if name in imbalanced else "maxAccuracyLoss"
            by_labels = "maxErrorIncrease" if regression else of_classes
            by_answers = "maxRelativeError" if regression else "minAgreement"
            groups[by_labels if with_labels else by_answers].add(name)
    generated = frozenset() if "maxRelativeError" in asked else frozenset(others & floats)
    where_kept = {"maxRelativeError": generated}
    defaults = [
        PlannedRule(_rule(name, limits[name]), frozenset(outputs), where_kept.get(name, frozenset()))
        for name, outputs in groups.items()
        if outputs or where_kept.get(name)
    ]
    return GatePlan([*own, *defaults], strict, frozenset(others - floats))


def _has_any(metrics: Collection[Metric], output: str, measured: Mapping[str, Collection[str]]) -> bool:
    return any(it.key in measured.get(output, ()) and it.output in {None, output} for it in metrics)


def _rule(name: str, limit: float) -> Rule:
    metric = {"metric": _BALANCED} if name == "maxLoss" else {}
    return Rule.model_validate({"rule": name, "value": limit, **metric})
