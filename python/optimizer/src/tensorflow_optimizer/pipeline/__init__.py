"""One job from the user's files to a model that may be published, or to a sentence that says why not."""

from __future__ import annotations

from .run import Paths, run

__all__ = ["Paths", "run"]
