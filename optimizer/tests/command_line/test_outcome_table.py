from __future__ import annotations

import io

import pytest
from rich.console import Console
from tensorflow_optimizer.command_line.outcome_table import show
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus, EvidenceKind, Metrics, Outcome
from tensorflow_optimizer.errors import ExitCode

METRICS = Metrics(
    evidence=EvidenceKind.LABELS,
    samples=800,
    outputs={},
    size_bytes=1_234_567,
    compressed_bytes=765_432,
    latency_milliseconds=0.321,
)
CHOSEN = Candidate(name="distillation(medium)+dynamicRange", status=CandidateStatus.CHOSEN, metrics=METRICS)
REJECTED = Candidate(name="fullInteger", status=CandidateStatus.REJECTED, reason="loses [too much]", metrics=METRICS)


def printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    show(Outcome(exit_code=ExitCode.DONE, sentence="Published.", candidates=[CHOSEN, REJECTED]), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 160])
def test_nothing_is_cut_off(width: int) -> None:
    text = printed(width)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    # A long name goes on in the next line.
    names = "".join(line.split("│")[1].strip() for line in text.splitlines() if line.startswith("│"))
    assert CHOSEN.name in names
    for shown in ("fullInteger", "1,234,567", "0.321 ms", "loses [too much]", "Published."):
        assert shown in text


def test_a_narrow_terminal_has_the_reasons_below_the_table() -> None:
    assert "\nfullInteger: loses [too much]\n" in printed(80)
    assert "fullInteger: " not in printed(160)
