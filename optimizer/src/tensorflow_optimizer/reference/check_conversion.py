"""Compares the model in the source with the answers of the program that it was converted from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.outcome import GivenReference, Metrics
from ..errors import GateError
from ..evaluation import compare
from ..gate import QUALITY_RULES, judge
from .given import WAY_OUT

if TYPE_CHECKING:
    from ..documents.outcome import OutputMetrics
    from ..gate import GatePlan
    from ..processes.progress import Progress
    from .measure import Reference

#: Relative difference beyond that of the same operations in another order.
_ROUNDING = 0.01


def check_conversion(reference: Reference, gate: GatePlan, progress: Progress) -> None:
    """Compare the model in the source with the answers in the data, if there are any, and record the figures.

    Args:
        reference: The reference.
        gate: What candidates must keep: no candidate could, if the model that they are made of does not.
        progress: Receives the figures, and a warning where they are more than rounding.

    Raises:
        GateError: The model does not meet the gate's rules on quality.
    """
    if reference.converted is None:
        return
    default, program = reference.default, reference.datasets[reference.default].program
    outputs = {name: _compared(reference, gate, name) for name in reference.converted}
    given = GivenReference(program=program, outputs=outputs)
    progress.original = reference.metrics.model_copy(update={"reference": given})
    metrics = Metrics(
        evidence=reference.evidence,
        samples=reference.datasets[default].count,
        outputs=outputs,
        size_bytes=reference.metrics.size_bytes,
    )
    rules = [rule for rule in judge(gate, metrics, lambda _: False) if rule.rule in QUALITY_RULES]
    broken = [rule.sentence for rule in rules if not rule.passed and rule.rule != "notWorseThanServing"]
    if broken:
        raise GateError(
            f"the model to optimize does not answer as {program} did: {'; '.join(broken)}; {WAY_OUT}",
        )
    for name, output in outputs.items():
        error = output.relative_error
        if error is None:
            continue
        progress.say(f"output {name!r} differs from the answers of {program} by {error:.2g} of their norm")
        if error > _ROUNDING:
            progress.warn(
                f"the output {name!r} of the model to optimize differs from the answers of {program} by "
                f"{error:.2%} of their norm, which is more than rounding, and within the gate; {WAY_OUT}"
            )


def _compared(reference: Reference, gate: GatePlan, name: str) -> OutputMetrics:
    default, own = reference.default, reference.converted or {}
    return compare(
        reference.tasks[default][name],
        reference.answers[default][name],
        own[name],
        reference.datasets[default].labels.get(name),
        seed=reference.seed,
        real=True,
        asked=gate.metrics,
    )
