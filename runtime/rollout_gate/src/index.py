"""Entry point of the function behind the custom resource."""

from rollout_gate.handler import handler

__all__ = ["handler"]
