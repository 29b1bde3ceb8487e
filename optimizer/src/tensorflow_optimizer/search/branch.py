"""One branch of a search: its plans from mild to strong, and when to stop trying them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from ..candidates.candidate import PlanT
from ..candidates.evaluator import record
from ..documents.outcome import CandidateStatus
from ..gate import QUALITY_RULES, losses_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..candidates.evaluator import CandidateEvaluator
    from ..documents.outcome import Candidate
    from ..hints import Hint
    from ..processes.progress import Progress


class Branch(Generic[PlanT]):
    """The plans of a branch that are left to try."""

    def __init__(self, plans: Sequence[PlanT]) -> None:
        self.plans = list(plans)
        self._refused: str | None = None
        """The previous plan, if it was refused and that may be chance."""

    def update(self, name: str, candidate: Candidate, evaluator: CandidateEvaluator, progress: Progress) -> None:
        """Stop when a refusal is beyond chance, or is the second in a row.

        A candidate that is only too large or too slow does not count: the plans that are left are smaller and faster.
        """
        if candidate.metrics is not None and all(rule.passed for rule in candidate.rules if rule.rule in QUALITY_RULES):
            self._refused = None
            return
        if self._refused is not None or _is_beyond_chance(candidate, evaluator):
            self.skip(f"{name}, which is milder, was refused already", progress)
        self._refused = name

    def skip(self, reason: str, progress: Progress, *hints: Hint) -> None:
        """Record all plans that are left as skipped."""
        for plan in self.plans:
            skipped = record(plan.name, CandidateStatus.SKIPPED, reason)
            progress.add(skipped.model_copy(update={"hints": list(hints)}))
        self.plans.clear()


def _is_beyond_chance(candidate: Candidate, evaluator: CandidateEvaluator) -> bool:
    """Say whether a stronger candidate would be refused too: more is lost than chance explains, or nothing works."""
    if candidate.metrics is None:
        return True
    outputs = candidate.metrics.outputs.values()
    lows = {
        "maxAccuracyLoss": [output.accuracy_loss_interval[0] for output in outputs if output.accuracy_loss_interval],
        "maxErrorIncrease": [output.error_increase_interval[0] for output in outputs if output.error_increase_interval],
    }
    for rule, limits_of_rule in lows.items():
        limits = [planned.rule.value for planned in evaluator.gate.rules if planned.rule.rule == rule]
        if limits and limits_of_rule and max(limits_of_rule) > max(limits):
            return True
    return any(
        loss.interval[0] > planned.rule.value
        for planned in evaluator.gate.rules
        if planned.rule.metric is not None
        for output in outputs
        if (loss := losses_for(planned.rule, output).get(planned.rule.metric.key)) is not None
    )
