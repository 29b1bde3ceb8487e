"""The error of a frame that breaks the rules."""

from __future__ import annotations


class FrameError(Exception):
    """A frame breaks the rules: its sender is not the optimizer's own code any more."""
