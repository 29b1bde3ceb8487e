"""A job's inputs besides its model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Inputs:
    """Files and directories."""

    evaluation: Path | None
    """The data: a file, or a directory with one."""
    students: list[Path] = field(default_factory=list)
    """The given students, in the order in which the job's steps name them."""
    serving: Path | None = None
    """The version that serves, as `fetch` lays it out; None: none serves."""
