"""Sentences of the report about several rows and threads."""

from __future__ import annotations

from tensorflow_optimizer.documents.manifest import Batch, RowsTrial, RunTimes
from tensorflow_optimizer.report.run_text import run_text

TIMES = RunTimes(row_microseconds=256.04, rows=[RowsTrial(rows=32, ratio=0.154)], difference=0.0, threads_ratio=0.61)


SEVERAL = Batch(rows=32, least=5)
SAVED = "computes 32 rows at once in 0.15 of the processor time, from 5 rows on"
ALONE = "a row takes 256.0 µs of one processor"


def test_rows_of_one_run_and_threads_are_named_with_what_they_bring() -> None:
    assert run_text(SEVERAL, TIMES) == f"{SAVED}; no bit differs; {ALONE}; 0.61 of the time with two threads"


def test_a_difference_is_named_and_what_was_not_measured_is_not() -> None:
    times = TIMES.model_copy(update={"difference": 3.1e-7, "threads_ratio": None})
    assert run_text(SEVERAL, times) == f"{SAVED}; outputs differ by 3.1e-07 at most; {ALONE}"


def test_one_row_has_its_reason() -> None:
    assert run_text(Batch(rows=1, reason="LiteRT refuses"), None) == "computes one row at a time: LiteRT refuses"
