"""Runs one job, from the user's files to a publishable model or an error."""

from __future__ import annotations

from .run import Paths, run

__all__ = ["Paths", "run"]
