"""Entry points of the two functions behind the custom resource."""

from model_builds.handlers import is_complete, on_event

__all__ = ["is_complete", "on_event"]
