"""The rules that a candidate must meet to be published."""

from __future__ import annotations

from .gate_plan import GatePlan, PlannedRule, check_measurable, plan_gate
from .judge import QUALITY_RULES, judge, losses_for

__all__ = ["QUALITY_RULES", "GatePlan", "PlannedRule", "check_measurable", "judge", "losses_for", "plan_gate"]
