"""Collects the content of the outcome, however the job ends."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..documents.outcome import Candidate, CandidateStatus, InputRange, Metrics, Outcome
from ..errors import ExitCode
from ..hints import Message
from . import progress_events
from .plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..errors import OptimizerError
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

    candidate: str | None = None
    """The candidate that the warnings are about; None: the whole job."""

    def of_candidate(self, name: str) -> Progress:
        """Return the same progress for the build of one candidate: its warnings are shown only if it is chosen."""
        return replace(self, candidate=name)

    @property
    def warnings(self) -> list[str]:
        """The texts of the warnings to show while the job goes on."""
        return _texts(self._shown())

    def _shown(self, exit_code: ExitCode = ExitCode.DONE) -> list[Message]:
        """Return the warnings about the job and about the chosen candidate.

        Where the gate refuses all candidates, return the warnings about each: they may say why.
        """
        if exit_code is ExitCode.GATE:
            return self.warned
        chosen = {candidate.name for candidate in self.candidates if candidate.status is CandidateStatus.CHOSEN}
        return [warning for warning in self.warned if warning.candidate is None or warning.candidate in chosen]

    def say(self, text: str) -> None:
        """Print a message."""
        log.info(one_line(text))
        progress_events.tell(one_line(text))

    def warn(self, text: str, *hints: Hint) -> None:
        """Print a warning, and add it to the outcome and the report."""
        self.warn_all([Message(text, hints, self.candidate)])

    def warn_all(self, messages: Iterable[Message]) -> None:
        """Warn of each."""
        for given in messages:
            message = replace(given, text=one_line(given.text))
            if message in self.warned:
                continue
            if all(message.text != earlier.text for earlier in self.warned):
                log.warning(message.text)
            self.warned.append(message)

    def add(self, candidate: Candidate) -> None:
        """Add a candidate's record."""
        self.candidates.append(candidate)
        log.info(
            "candidate %s: %s%s",
            candidate.name,
            candidate.status,
            f" ({one_line(candidate.reason)})" if candidate.reason else "",
        )

    def failure(self, error: OptimizerError) -> Outcome:
        """Return the outcome of a job that failed, with everything known so far."""
        return self.outcome(error.exit_code, str(error), error.hints)

    def outcome(
        self, exit_code: ExitCode, sentence: str, hints: Iterable[Hint] = (), *, unverified: bool = False
    ) -> Outcome:
        """Return the outcome with everything known so far."""
        shown = self._shown(exit_code)
        return Outcome(
            exit_code=exit_code,
            sentence=one_line(sentence),
            hints=list(hints),
            warnings=_texts(shown),
            warning_hints=list(dict.fromkeys(hint for warning in shown for hint in warning.hints)),
            inputs=self.inputs,
            expected_scale=self.expected_scale,
            original=self.original,
            candidates=self.candidates,
            unverified=unverified,
        )


def _texts(messages: Iterable[Message]) -> list[str]:
    return list(dict.fromkeys(message.text for message in messages))
