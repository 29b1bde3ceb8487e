"""Errors against labels, on cases small enough to compute by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.evaluation.regression import (
    check_numbers,
    error_comparison,
    error_figures,
    errs_like_a_constant,
)

TASK = OutputTask(ModelTask.REGRESSION)
NAN, INF = math.nan, math.inf


def column(*values: float) -> Any:
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def figures(output: Any, labels: Any) -> tuple[Any, ...]:
    return tuple(
        error_figures(output, labels)[name] for name in ("mean_absolute_error", "root_mean_squared_error", "r_squared")
    )


class TestFigures:
    def test_of_four_samples(self) -> None:
        # Errors 0, 1, -1 and 2; the labels 1, 2, 3 and 6 have the mean 3 and the squares 4 + 1 + 0 + 9.
        found = figures(column(1, 3, 2, 8), column(1, 2, 3, 6))

        assert found == pytest.approx((1.0, math.sqrt(6 / 4), 1 - 6 / 14))

    def test_of_the_labels_themselves(self) -> None:
        assert figures(column(1, 2, 4), column(1, 2, 4)) == (0, 0, 1)

    def test_of_always_the_mean(self) -> None:
        assert figures(column(2, 2), column(1, 3)) == (1, 1, 0)

    def test_constant_labels_have_no_r_squared(self) -> None:
        assert figures(column(4, 6, 8), column(5, 5, 5)) == pytest.approx((5 / 3, math.sqrt(11 / 3), None))

    def test_one_row_has_no_r_squared(self) -> None:
        assert figures(column(4), column(5)) == (1, 1, None)

    def test_each_number_of_an_output_is_compared_with_its_own_mean(self) -> None:
        # Means 1 and 101: squares 1 + 1 + 1 + 1; one error of 1. With one mean for all, R² would be nearly 1.
        assert figures(np.array([[0, 100], [2, 103]]), np.array([[0, 100], [2, 102]])) == pytest.approx(
            (0.25, 0.5, 0.75)
        )

    def test_answers_that_are_no_numbers_are_left_out(self) -> None:
        # The labels' mean is 3 over all; the squares of the three that are known: 4 + 1 + 9.
        found = figures(column(1, 3, NAN, 8), column(1, 2, 3, 6))

        assert found == pytest.approx((1.0, math.sqrt(5 / 3), 1 - 5 / 14))

    def test_without_any_number_nothing_is_known(self) -> None:
        assert figures(column(NAN, INF), column(1, 2)) == (None, None, None)

    def test_shapes_need_not_be_equal(self) -> None:
        assert (
            figures(column(1, 3), np.array([1, 2])) == figures(column(1, 3), column(1, 2)) == (0.5, math.sqrt(0.5), -1)
        )


class TestComparison:
    def test_the_increase_is_relative_to_the_originals_error(self) -> None:
        labels = column(0, 10, 20, 30)
        found = error_comparison(labels + 2, labels + 3, labels, seed=0)

        assert found["mean_absolute_error"] == 3
        # The same on every sample, and so in every resample.
        assert found["error_increase"] == 0.5
        assert found["error_increase_interval"] == (0.5, 0.5)

    def test_a_better_candidate_has_a_negative_increase(self) -> None:
        labels = column(0, 10, 20, 30)

        assert error_comparison(labels + 2, labels - 1, labels, seed=0)["error_increase"] == -0.5

    def test_the_interval_spans_what_the_samples_differ_by(self) -> None:
        labels = np.arange(100.0).reshape(-1, 1)
        # Half of the samples get an error of 1.5 instead of 1, the others keep theirs: 25 % more.
        change = np.where(np.arange(100).reshape(-1, 1) % 2 == 0, 1.5, 1.0)
        found = error_comparison(labels + 1, labels + change, labels, seed=0)

        assert found["error_increase"] == pytest.approx(0.25)
        # The mean of 100 draws of 0 or 0.5: a standard error of 0.025, and 1.96 of it on both sides.
        assert found["error_increase_interval"] == pytest.approx((0.201, 0.299), abs=0.01)

    def test_equal_errors_of_other_answers_are_no_increase(self) -> None:
        labels = column(0, 10, 20)
        found = error_comparison(labels + 1, labels - 1, labels, seed=0)

        assert (found["error_increase"], found["error_increase_interval"]) == (0, (0, 0))

    def test_an_exact_original_counts_as_off_by_a_thousandth_of_the_labels_deviation(self) -> None:
        # The mean deviation is 10, so that the least error is 0.01.
        labels = column(0, 20)

        assert error_comparison(labels, labels + 0.001, labels, seed=0)["error_increase"] == pytest.approx(0.1)

    @pytest.mark.parametrize(
        ("label", "increase"),
        # Labels that do not vary are measured by their distance from 0; where that is 0 too, any error is infinite.
        [(5.0, 0.001 / 0.005), (-5.0, 0.001 / 0.005), (0.0, INF)],
    )
    def test_constant_labels(self, label: float, increase: float) -> None:
        labels = column(label, label, label)

        found = error_comparison(labels, labels + 0.001, labels, seed=0)

        assert found["error_increase"] == pytest.approx(increase)
        assert found["error_increase_interval"] == pytest.approx((increase, increase))

    def test_an_increase_that_is_infinite_in_most_resamples_has_an_interval_without_nan(self) -> None:
        # Labels of 0 have no deviation: a resample without the one sample that differs has no increase.
        labels = np.zeros((2, 1))
        found = error_comparison(labels, column(0, 1), labels, seed=0)

        assert (found["error_increase"], found["error_increase_interval"]) == (INF, (0, INF))

    def test_one_row(self) -> None:
        found = error_comparison(column(3), column(4), column(1), seed=0)

        assert (found["error_increase"], found["error_increase_interval"]) == (0.5, (0.5, 0.5))
        assert found["r_squared"] is None

    def test_a_candidate_without_a_number_where_the_original_has_one_is_infinitely_worse(self) -> None:
        found = error_comparison(column(1, 2), column(1, NAN), column(1, 3), seed=0)

        assert (found["error_increase"], found["error_increase_interval"]) == (INF, (INF, INF))

    def test_samples_that_the_original_cannot_answer_do_not_count(self) -> None:
        labels = column(1, 5, 9)
        found = error_comparison(column(2, NAN, 10), column(3, 99, 11), labels, seed=0)

        assert found["error_increase"] == 1


class TestLabels:
    def test_numbers_in_the_shape_of_the_output_are_accepted(self) -> None:
        check_numbers("y", TASK, column(1, 2), np.array([1, 2]))
        check_numbers("y", TASK, np.zeros((2, 3)), np.zeros((2, 3), dtype=bool))

    @pytest.mark.parametrize(
        ("labels", "message"),
        [
            (np.array(["a", "b"]), r"the labels of the output 'y' are no numbers \(<U1\)"),
            (np.zeros((2, 3)), r"have the shape \[2, 3\], expected \[2, 1\]"),
            (np.zeros(3), r"have the shape \[3\], expected \[2, 1\]"),
            (np.array([NAN, 1]), "have 1 values that are no finite numbers"),
            (np.array([NAN, INF]), "have 2 values that are no finite numbers"),
        ],
    )
    def test_others_are_refused(self, labels: Any, message: str) -> None:
        with pytest.raises(BadInputError, match=message):
            check_numbers("y", TASK, column(1, 2), labels)


class TestConstant:
    def test_an_original_that_is_farther_than_the_mean_is_like_a_constant(self) -> None:
        # The reverse of the labels: squares 4 + 0 + 4 against 1 + 0 + 1.
        assert errs_like_a_constant(column(3, 2, 1), column(1, 2, 3)) == -3

    def test_one_that_is_nearer_is_not(self) -> None:
        assert errs_like_a_constant(column(1, 2, 2), column(1, 2, 3)) is None

    def test_an_outlier_alone_does_not_condemn_it(self) -> None:
        # R² is below 0, but the mean absolute error of 83 / 7 is below that of always answering the median: 84 / 7.
        labels = column(0, 7, 14, 21, 28, 35, 42)
        output = labels + column(0, 0, 0, 0, 0, 0, 83)

        assert error_figures(output, labels)["r_squared"] < 0  # type: ignore[operator]  # None would fail the test too
        assert errs_like_a_constant(output, labels) is None

    @pytest.mark.parametrize("labels", [column(5, 5), column(5)], ids=["constant labels", "one row"])
    def test_nothing_is_said_without_variation(self, labels: Any) -> None:
        assert errs_like_a_constant(labels + 100, labels) is None
