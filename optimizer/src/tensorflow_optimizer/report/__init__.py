"""The report of a build: for people, for programs, for CodeBuild's console, and for the model's users."""

from __future__ import annotations

from .write import write_report

__all__ = ["write_report"]
