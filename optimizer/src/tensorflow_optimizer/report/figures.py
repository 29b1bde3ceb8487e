"""Formats numbers for people, in the report and in the one-line summary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..documents.outcome import Metrics, OutputMetrics, RuleResult

NOT_MEASURED = "–"

#: The gate's defaults, to find the output nearest to its limit.
_LIMITS = {"maxAccuracyLoss": 0.01, "maxErrorIncrease": 0.01, "minAgreement": 0.99, "maxRelativeError": 0.05}


def megabytes(size: int) -> str:
    """Return a size as `0.94 MB`, or `81.5 kB` below a tenth of that."""
    return f"{size / 1e6:,.2f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def percent(ratio: float | None) -> str:
    """Return a ratio as `98.30 %`."""
    return NOT_MEASURED if ratio is None else f"{ratio * 100:.2f} %"


def points(ratio: float | None) -> str:
    """Return a difference of two percentages as `+0.10` points."""
    return NOT_MEASURED if ratio is None else _signed(ratio * 100)


def interval(bounds: tuple[float, float] | None, factor: float = 100) -> str:
    """Return a 95 % interval as `-0.30 … +0.50`, by default of percentages."""
    if bounds is None:
        return ""
    return " … ".join(_signed(bound * factor) if factor == 100 else small(bound) for bound in bounds)


def small(number: float | None) -> str:
    """Return a number that may be tiny, with three significant digits."""
    if number is None:
        return NOT_MEASURED
    return "0" if number == 0 else f"{number:.3g}" if math.isfinite(number) else str(number)


def milliseconds(number: float | None) -> str:
    """Return a duration as `0.312 ms`."""
    return NOT_MEASURED if number is None else f"{number:.3f} ms" if number < 100 else f"{number:,.0f} ms"


def smaller(before: int, after: int) -> str:
    """Return the change of a size: `÷2.0`, or `×1.3` if it grew."""
    if before <= 0 or after <= 0 or before == after:
        return "same size"
    return f"÷{before / after:.1f}" if after < before else f"×{after / before:.1f}"


def speed(ratio: float | None, bounds: tuple[float, float] | None = None, other: str = "") -> str:
    """Return a latency ratio in words: `3.45× faster than float32`, or `no difference to float32`.

    Args:
        ratio: The ratio.
        bounds: Its 95 % interval; without it, less than 5 % counts as no difference.
        other: The model that the latency is compared with.
    """
    if ratio is None or ratio <= 0:
        return NOT_MEASURED
    low, high = bounds or (ratio / 1.05, ratio * 1.05)
    if low <= 1 <= high:
        return f"no difference to {other}" if other else "no difference"
    return (f"{1 / ratio:.2f}× faster" if ratio < 1 else f"{ratio:.2f}× slower") + (f" than {other}" if other else "")


def speeds(bounds: tuple[float, float] | None) -> str:
    """Return the interval of a latency ratio in words: `3.23 … 3.70× faster`."""
    if bounds is None:
        return ""
    low, high = bounds
    if low <= 0:
        return "too noisy to tell"
    if high < 1:
        return f"{1 / high:.2f} … {1 / low:.2f}× faster"
    return f"{low:.2f} … {high:.2f}× slower" if low > 1 else f"{1 / low:.2f}× faster … {high:.2f}× slower"


def r_squared(value: float | None) -> str:
    """Return a coefficient of determination as `0.9832`."""
    return NOT_MEASURED if value is None else f"{value:.4f}"


def worst_output(metrics: Metrics, rules: Sequence[RuleResult] = ()) -> tuple[str, OutputMetrics] | tuple[None, None]:
    """Return the output that decides the gate: the first that broke a rule, or the one nearest to its limit.

    Outputs that no rule judges do not count, such as those of a signature that is another name of the default one.

    Args:
        metrics: Metrics of a candidate.
        rules: The gate's results for it; without them, the default limits.
    """
    broken = next((rule.output for rule in rules if not rule.passed and rule.output in metrics.outputs), None)
    if broken is not None:
        return broken, metrics.outputs[broken]
    limits = {**_LIMITS, **{rule.rule: rule.limit for rule in rules if rule.rule in _LIMITS}}
    limits |= {rule.metric: rule.limit for rule in rules if rule.metric}
    if not metrics.outputs:
        return None, None
    judged = {rule.output for rule in rules} & metrics.outputs.keys() or metrics.outputs.keys()
    return max(
        ((name, output) for name, output in metrics.outputs.items() if name in judged),
        key=lambda item: _share_of_limit(item[1], limits),
    )


def _share_of_limit(output: OutputMetrics, limits: Mapping[str, float]) -> float:
    """Return how much of the limit an output used up, by its strongest evidence."""
    lost = [_share(loss.value, limits[key]) for key, loss in output.losses.items() if key in limits]
    if lost:
        return max(lost)
    if output.accuracy_loss is not None:
        return _share(output.accuracy_loss, limits["maxAccuracyLoss"])
    if output.error_increase is not None:
        return _share(output.error_increase, limits["maxErrorIncrease"])
    if output.agreement is not None:
        return _share(1 - output.agreement, 1 - limits["minAgreement"])
    if output.relative_error is not None:
        return _share(output.relative_error, limits["maxRelativeError"])
    return -math.inf


def _share(value: float, limit: float) -> float:
    return value / limit if limit > 0 else math.copysign(math.inf, value) if value else 0.0


def _signed(number: float) -> str:
    return f"{number:+.2f}" if round(number, 2) else "0.00"
