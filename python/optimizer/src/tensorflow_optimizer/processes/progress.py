"""Collects what the outcome reports, however the job ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..documents.outcome import Candidate, InputRange, Metrics, Outcome
from . import progress_events

if TYPE_CHECKING:
    from ..errors import ExitCode

log = logging.getLogger("tensorflow_optimizer")


@dataclass
class Progress:
    """Collected while a job runs."""

    warnings: list[str] = field(default_factory=list)
    inputs: dict[str, InputRange] = field(default_factory=dict)
    expected_scale: str | None = None
    original: Metrics | None = None
    candidates: list[Candidate] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Tell the person who watches."""
        log.info(text)
        progress_events.tell(text)

    def warn(self, text: str) -> None:
        """Tell it now, and in the outcome and the report."""
        if text not in self.warnings:
            log.warning(text)
            self.warnings.append(text)

    def add(self, candidate: Candidate) -> None:
        """Record what became of a candidate."""
        self.candidates.append(candidate)
        log.info(
            "candidate %s: %s%s", candidate.name, candidate.status, f" ({candidate.reason})" if candidate.reason else ""
        )

    def outcome(self, exit_code: ExitCode, sentence: str, *, unverified: bool = False) -> Outcome:
        """Return the outcome with everything known so far."""
        return Outcome(
            exit_code=exit_code,
            sentence=sentence,
            warnings=self.warnings,
            inputs=self.inputs,
            expected_scale=self.expected_scale,
            original=self.original,
            candidates=self.candidates,
            unverified=unverified,
        )
