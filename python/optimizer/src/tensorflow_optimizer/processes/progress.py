"""Collects the content of the outcome, however the job ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..documents.outcome import Candidate, InputRange, Metrics, Outcome
from ..hints import Message
from . import progress_events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..errors import ExitCode, OptimizerError
    from ..hints import Hint

log = logging.getLogger("tensorflow_optimizer")


@dataclass
class Progress:
    """Collected while a job runs."""

    warned: list[Message] = field(default_factory=list)
    inputs: dict[str, InputRange] = field(default_factory=dict)
    expected_scale: str | None = None
    original: Metrics | None = None
    candidates: list[Candidate] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """The texts of the warnings."""
        return [warning.text for warning in self.warned]

    def say(self, text: str) -> None:
        """Print a message."""
        log.info(text)
        progress_events.tell(text)

    def warn(self, text: str, *hints: Hint) -> None:
        """Print a warning, and add it to the outcome and the report."""
        if text not in self.warnings:
            log.warning(text)
            self.warned.append(Message(text, hints))

    def warn_all(self, messages: Iterable[Message]) -> None:
        """Warn of each."""
        for message in messages:
            self.warn(message.text, *message.hints)

    def add(self, candidate: Candidate) -> None:
        """Add a candidate's record."""
        self.candidates.append(candidate)
        log.info(
            "candidate %s: %s%s", candidate.name, candidate.status, f" ({candidate.reason})" if candidate.reason else ""
        )

    def failure(self, error: OptimizerError) -> Outcome:
        """Return the outcome of a job that failed, with everything known so far."""
        return self.outcome(error.exit_code, str(error), error.hints)

    def outcome(
        self, exit_code: ExitCode, sentence: str, hints: Iterable[Hint] = (), *, unverified: bool = False
    ) -> Outcome:
        """Return the outcome with everything known so far."""
        return Outcome(
            exit_code=exit_code,
            sentence=sentence,
            hints=list(hints),
            warnings=self.warnings,
            warning_hints=list(dict.fromkeys(hint for warning in self.warned for hint in warning.hints)),
            inputs=self.inputs,
            expected_scale=self.expected_scale,
            original=self.original,
            candidates=self.candidates,
            unverified=unverified,
        )
