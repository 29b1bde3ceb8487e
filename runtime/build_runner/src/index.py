"""Entry points: the two functions behind the custom resource, and the one that prunes."""

from model_builds.handlers import is_complete, on_event
from model_builds.retention.prune import prune

__all__ = ["is_complete", "on_event", "prune"]
