"""Texts of a model cannot add lines to a log, nor give orders to a terminal."""

from __future__ import annotations

import logging
import random

import pytest
from tensorflow_optimizer.documents.outcome import Candidate, CandidateStatus
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.processes.plain_text import one_line
from tensorflow_optimizer.processes.progress import Progress


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("as it was: größe 25 %, 日本", "as it was: größe 25 %, 日本"),
        ("two\nlines\r\nand\ttabs", "two lines and tabs"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jcleared", "cleared"),
        ("\x1bP1;2|device\x1b\\done", "done"),
        ("half\x1b", "half"),
        ("bell\x07 back\x08space", "bell back space"),
        ("\u202eback\u2066wards", "back wards"),
        ("next\x85line\u2028separator\u2029", "next line separator"),
        ("zero\u200bwidth", "zero width"),
        ("lone\ud800surrogate", "lone surrogate"),
        ("", ""),
    ],
)
def test_control_characters_and_escape_sequences_are_lost(text: str, plain: str) -> None:
    assert one_line(text) == plain


def test_a_long_text_is_cut() -> None:
    assert one_line("x" * 10, 10) == "x" * 10
    assert one_line("x" * 11, 10) == "x" * 9 + "…"
    assert one_line("\x1b[31m" * 1000 + "x", 10).endswith("…")
    assert len(one_line("x\n" * 10_000_000)) == 4000


def test_no_text_at_all_is_unsafe() -> None:
    chance = random.Random(7)
    alphabet = [
        "\x1b",
        "[",
        "]",
        "P",
        "\\",
        "\x07",
        "\x9b",
        "\x9c",
        "0",
        ";",
        "m",
        "a",
        "\n",
        "\x00",
        "\u2028",
        "\u202e",
    ]
    for _ in range(3000):
        text = "".join(chance.choices(alphabet, k=chance.randint(0, 30)))
        assert one_line(text).isprintable()


def test_the_outcome_and_the_log_have_single_lines(caplog: pytest.LogCaptureFixture) -> None:
    progress = Progress()
    with caplog.at_level(logging.INFO):
        progress.say("say\x1b[2J\nmore")
        progress.warn("warn\nmore")
        progress.warn("warn more")
        progress.add(Candidate(name="small", status=CandidateStatus.REJECTED, reason="too\nlarge"))
    outcome = progress.outcome(ExitCode.FAILED, "it\x1b[31m failed\n")

    assert outcome.sentence == "it failed"
    assert outcome.warnings == ["warn more"]
    assert all(record.getMessage().isprintable() for record in caplog.records)
