"""What a candidate must meet to be published."""

from __future__ import annotations

from .judge import QUALITY_RULES, judge
from .plan import GatePlan, PlannedRule, check_measurable, plan_gate

__all__ = ["QUALITY_RULES", "GatePlan", "PlannedRule", "check_measurable", "judge", "plan_gate"]
