"""Applies the gate to the measurements. A rule that cannot be measured fails."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..documents.outcome import RuleResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..documents.job import Metric, Rule
    from ..documents.outcome import Loss, Metrics, OutputMetrics
    from .gate_plan import GatePlan, PlannedRule

_FIGURES = {
    "maxAccuracyLoss": "accuracy_loss",
    "maxErrorIncrease": "error_increase",
    "minAgreement": "agreement",
    "maxRelativeError": "relative_error",
}
#: Rules on a model's answers; the others are on its size and speed.
QUALITY_RULES = frozenset({*_FIGURES, "maxLoss", "notWorseThanServing"})
_NAMES = {
    "maxAccuracyLoss": "accuracy loss",
    "maxErrorIncrease": "relative increase of the mean absolute error",
    "minAgreement": "agreement",
    "maxRelativeError": "relative error",
}


def judge(plan: GatePlan, metrics: Metrics, takes_more: Callable[[float], bool]) -> list[RuleResult]:
    """Return the result of every rule; a candidate passes if all of them pass.

    Args:
        plan: The rules.
        metrics: What was measured.
        takes_more: Says whether the candidate certainly takes more than so many times the original's time. Asked where
            the ratio in the metrics is above its limit.
    """
    return [
        _latency(rule.rule, metrics, takes_more)
        if rule.rule.rule == "maxLatencyRatio"
        else _apply(rule, metrics, strict=plan.strict)
        for rule in plan.rules
        if _outputs(rule, metrics) != frozenset()
    ]


def _outputs(planned: PlannedRule, metrics: Metrics) -> frozenset[str] | None:
    """Return the outputs that the rule must be measured on; None for all possible outputs."""
    if planned.outputs is None:
        return None
    return planned.outputs | (planned.where_kept & metrics.outputs.keys())


def _apply(planned: PlannedRule, metrics: Metrics, *, strict: bool) -> RuleResult:
    rule = planned.rule
    if rule.rule == "maxSizeBytes":
        size = metrics.size_bytes
        passed = size <= rule.value
        return _result(rule, size, f"size {size:,} bytes, allowed at most {int(rule.value):,}", passed=passed)
    if rule.metric is not None:
        return _loss(planned, rule.metric, metrics, strict=strict)
    return _quality(planned, metrics, strict=strict)


def _latency(rule: Rule, metrics: Metrics, takes_more: Callable[[float], bool]) -> RuleResult:
    ratio = metrics.latency_ratio
    if ratio is None:
        return _result(rule, None, "latency was not measured, so that the gate cannot pass", passed=False)
    sentence = f"latency {ratio:.3g} times that of the unoptimized model, allowed at most {rule.value:g}"
    passed = ratio <= rule.value or not takes_more(rule.value)
    if passed and ratio > rule.value:
        sentence += ": not certainly more, or by less than 20 µs"
    return _result(rule, ratio, sentence, passed=passed)


def _loss(planned: PlannedRule, metric: Metric, metrics: Metrics, *, strict: bool) -> RuleResult:
    """Judge what was lost of a metric: beyond the limit, and more than chance explains."""
    rule, judged = planned.rule, _outputs(planned, metrics)
    lost = f"loss of {metric.words}"
    if rule.rule == "notWorseThanServing":
        if metrics.serving_version is None:
            sentence = f"no version serves yet that the {metric.words} could be compared with"
            return _result(rule, None, sentence, passed=True)
        lost += f" against the version {metrics.serving_version}, which serves,"
    asked = {metric.output} if metric.output else judged
    losses = {
        name: losses_of_output[metric.key]
        for name, output in metrics.outputs.items()
        if metric.key in (losses_of_output := losses_for(rule, output)) and (asked is None or name in asked)
    }
    unmeasured = sorted(asked - losses.keys()) if asked else []
    if not losses or unmeasured:
        which = f" of {', '.join(map(repr, unmeasured))}" if unmeasured else ""
        sentence = f"{lost}{which} could not be measured, so that the gate cannot pass"
        return _result(rule, None, sentence, passed=False, output=unmeasured[0] if unmeasured else None)

    def is_broken(loss: Loss) -> bool:
        return loss.interval[1] > rule.value if strict else loss.value > rule.value and loss.interval[0] > 0

    name = max(
        losses, key=lambda key: (is_broken(losses[key]), losses[key].interval[1] if strict else losses[key].value)
    )
    loss = losses[name]
    low, high = loss.interval
    sentence = f"{lost} of {name!r} {loss.value:.4g} (95 %: {low:.4g} to {high:.4g}), allowed at most {rule.value:g}"
    if strict:
        sentence += " at the unfavorable end of the interval"
    elif loss.value > rule.value and not is_broken(loss):
        sentence += ": the interval includes 0, so it may be chance"
    measured = high if strict else loss.value
    return _result(rule, measured, sentence, passed=not is_broken(loss), output=name)


def passed_by_chance(rules: Iterable[RuleResult]) -> bool:
    """Say whether a rule on a loss holds only because what was lost beyond its limit may be chance."""
    return any(
        rule.passed and rule.metric is not None and rule.measured is not None and rule.measured > rule.limit
        for rule in rules
    )


def losses_for(rule: Rule, output: OutputMetrics) -> dict[str, Loss]:
    """Return the losses that a rule judges: against the original, or against the version that serves."""
    return output.serving_losses if rule.rule == "notWorseThanServing" else output.losses


def _quality(planned: PlannedRule, metrics: Metrics, *, strict: bool) -> RuleResult:
    rule = planned.rule
    judged = _outputs(planned, metrics)
    values: dict[str, float] = {}
    for name, output in metrics.outputs.items():
        value = _value(rule.rule, output, strict=strict)
        if value is not None and (judged is None or name in judged):
            values[name] = value
    unmeasured = sorted(judged - values.keys()) if judged else []
    if not values or unmeasured:
        which = f" of {', '.join(map(repr, unmeasured))}" if unmeasured else ""
        sentence = f"{_NAMES[rule.rule]}{which} could not be measured, so that the gate cannot pass"
        return _result(rule, None, sentence, passed=False, output=unmeasured[0] if unmeasured else None)
    at_least = rule.rule == "minAgreement"
    name = min(values, key=lambda key: values[key]) if at_least else max(values, key=lambda key: values[key])
    worst = values[name]
    passed = worst >= rule.value if at_least else worst <= rule.value
    bound = " (unfavorable end of the 95 % interval)" if strict else ""
    allowed = f"allowed {'at least' if at_least else 'at most'} {rule.value:g}"
    sentence = f"{_NAMES[rule.rule]} of {name!r} {worst:.4g}{bound}, {allowed}"
    finite = math.isfinite(worst)
    return _result(rule, worst if finite else None, sentence, passed=passed and finite, output=name)


def _value(rule: str, output: OutputMetrics, *, strict: bool) -> float | None:
    figure = _FIGURES[rule]
    value: float | None = getattr(output, figure)
    interval: tuple[float, float] | None = getattr(output, f"{figure}_interval")
    if value is None or not strict:
        return value
    # Without an interval, a strict rule is not measured.
    return None if interval is None else interval[0 if rule == "minAgreement" else 1]


def _result(
    rule: Rule, measured: float | None, sentence: str, *, passed: bool, output: str | None = None
) -> RuleResult:
    return RuleResult(
        rule=rule.rule,
        limit=rule.value,
        measured=measured,
        passed=passed,
        sentence=sentence,
        output=output,
        metric=rule.metric.key if rule.metric else None,
    )
