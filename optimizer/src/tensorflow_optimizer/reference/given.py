"""The reference of a converted model: the answers that the program gave which the model was converted from.

A converter may change a model without saying so, and its own answers would then prove nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..documents.outcome import GivenReference, Metrics
from ..errors import BadInputError, GateError
from ..evaluation import compare
from ..gate import QUALITY_RULES, judge

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.outcome import OutputMetrics
    from ..gate import GatePlan
    from ..processes.progress import Progress
    from ..runners.runner import Arrays
    from .measure import Reference

#: Relative difference beyond that of the same operations in another order.
_ROUNDING = 0.01
_WAY_OUT = (
    "either the conversion changed the model, or the answers are of other inputs (of another scale, order or layout): "
    "convert it anew, and compare one row in both programs"
)


def given_answers(dataset: Dataset, own: Arrays) -> Arrays:
    """Return the answers in the data, in the types of the model's own.

    Args:
        dataset: Samples with answers.
        own: The model's own answers to them.

    Raises:
        BadInputError: They differ in shape.
    """
    other = {name: value for name, value in own.items() if dataset.answers[name].shape != value.shape}
    if other:
        listed = "; ".join(
            f"{name!r}: {list(dataset.answers[name].shape[1:])} and {list(value.shape[1:])}"
            for name, value in other.items()
        )
        raise BadInputError(
            f"answers of {dataset.program} and of the model to optimize differ in shape ({listed}, a row); {_WAY_OUT}"
        )
    return {name: dataset.answers[name].astype(value.dtype) for name, value in own.items()}


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
            f"the model to optimize does not answer as {program} did: {'; '.join(broken)}; {_WAY_OUT}",
        )
    for name, output in outputs.items():
        error = output.relative_error
        if error is None:
            continue
        progress.say(f"output {name!r} differs from the answers of {program} by {error:.2g} of their norm")
        if error > _ROUNDING:
            progress.warn(
                f"the output {name!r} of the model to optimize differs from the answers of {program} by "
                f"{error:.2%} of their norm, which is more than rounding, and within the gate; {_WAY_OUT}"
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
