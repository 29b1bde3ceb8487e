"""Warnings about candidates that are not published say nothing about the model that is."""

from __future__ import annotations

import pickle

import pytest
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.processes.progress import Progress

LEFT_OUT = "the signature 'serve' is left out: a student learns the default one only"


def progress_with(*chosen: str) -> Progress:
    progress = Progress()
    progress.warn("few samples")
    for name in ("student", "smaller student"):
        progress.of_candidate(name).warn(LEFT_OUT, Hint.SIGNATURE)
    for name in ("student", "smaller student", "float16"):
        status = CandidateStatus.CHOSEN if name in chosen else CandidateStatus.REJECTED
        progress.add(Candidate(name=name, status=status))
    return progress


@pytest.mark.parametrize("name", ["student", "smaller student"])
def test_a_warning_about_the_chosen_candidate_is_in_the_outcome(name: str) -> None:
    outcome = progress_with(name).outcome(ExitCode.DONE, "done")

    assert outcome.warnings == ["few samples", LEFT_OUT]
    assert outcome.warning_hints == [Hint.SIGNATURE]


@pytest.mark.parametrize("chosen", [["float16"], []], ids=["another one is chosen", "none is chosen"])
def test_a_warning_about_another_candidate_is_not(chosen: list[str]) -> None:
    outcome = progress_with(*chosen).outcome(ExitCode.DONE, "done")

    assert outcome.warnings == ["few samples"]
    assert outcome.warning_hints == []


def test_where_the_gate_refuses_all_the_warnings_about_each_are_shown_once() -> None:
    outcome = progress_with().outcome(ExitCode.GATE, "no candidate passes the gate")

    assert outcome.warnings == ["few samples", LEFT_OUT]
    assert outcome.warning_hints == [Hint.SIGNATURE]


def test_warnings_from_another_process_keep_their_candidate() -> None:
    apart = Progress()
    apart.of_candidate("student").warn(LEFT_OUT)
    progress = Progress()
    progress.warn_all(pickle.loads(pickle.dumps(apart.warned)))
    progress.add(Candidate(name="float16", status=CandidateStatus.CHOSEN))

    assert progress.warnings == []
    assert [warning.candidate for warning in progress.warned] == ["student"]


def test_equal_warnings_are_printed_once(caplog: pytest.LogCaptureFixture) -> None:
    progress_with("student")

    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == ["few samples", LEFT_OUT]
