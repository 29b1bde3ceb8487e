"""What a candidate must meet to be published."""

from __future__ import annotations

from .judge import judge
from .plan import GatePlan, PlannedRule, check_measurable, plan_gate

__all__ = ["GatePlan", "PlannedRule", "check_measurable", "judge", "plan_gate"]
