"""Entry point of the function behind the custom resource."""

from rollout_waiter.handler import handler

__all__ = ["handler"]
