"""The rules that a candidate must meet to be published.

>>> from tensorflow_optimizer.documents.job import Rule
>>> from tensorflow_optimizer.documents.outcome import Metrics
>>> from tensorflow_optimizer.gate import GatePlan, PlannedRule, judge
>>> plan = GatePlan([PlannedRule(Rule(rule="maxSizeBytes", value=1_000_000))], strict=False)
>>> metrics = Metrics(evidence="labels", samples=100, split="gate", outputs={}, size_bytes=2_000_000)
>>> [result.sentence for result in judge(plan, metrics, takes_more=lambda times: False)]
['size 2,000,000 bytes, allowed at most 1,000,000']
"""

from __future__ import annotations

from .gate_plan import GatePlan, PlannedRule, check_measurable, plan_gate
from .judge import QUALITY_RULES, judge, losses_for, passed_by_chance

__all__ = [
    "QUALITY_RULES",
    "GatePlan",
    "PlannedRule",
    "check_measurable",
    "judge",
    "losses_for",
    "passed_by_chance",
    "plan_gate",
]
