"""Figures of warm requests, of several processes."""

from __future__ import annotations

from tensorflow_optimizer.proof.serving_times import percentile_99, typical


def test_what_is_typical_ignores_slow_requests_and_a_slow_process() -> None:
    processes = [[1.0, 1.1, 5.0, 9.0], [1.2, 1.3, 1.4, 1.5], [8.0, 8.0, 8.0, 8.0]]
    assert typical(processes) == 1.3


def test_99_of_100_requests_of_all_processes_do_not_exceed_the_percentile() -> None:
    first, second = [1.0] * 150, [1.0] * 47 + [3.0, 7.0, 9.0]
    assert percentile_99([first, second]) == 3.0
    assert percentile_99([[2.0]]) == 2.0


def test_a_system_that_does_not_say_processor_times_gives_no_figures() -> None:
    assert (typical([[], []]), percentile_99([[], []])) == (None, None)
