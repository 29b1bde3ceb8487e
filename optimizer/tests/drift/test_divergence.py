from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_optimizer.drift.divergence import (
    chi_squared_tail,
    holm,
    homogeneity_p_value,
    jensen_shannon_divergence,
    population_stability_index,
)

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("value", "degrees", "tail"),
    [(3.841459, 1, 0.05), (7.814728, 3, 0.05), (14.067140, 7, 0.05), (21.665994, 9, 0.01), (29.588298, 10, 0.001)],
)
def test_the_tail_of_chi_squared_is_that_of_the_tables(value: float, degrees: int, tail: float) -> None:
    assert chi_squared_tail(value, degrees) == pytest.approx(tail, rel=1e-5)


def test_a_huge_difference_has_a_tiny_probability_and_no_error() -> None:
    assert homogeneity_p_value([100_000, 0], [0, 100_000]) == pytest.approx(0.0, abs=1e-300)
    assert chi_squared_tail(0.0, 4) == 1.0


def test_the_stability_index_is_that_of_its_definition() -> None:
    # (0.5 - 0.25) ln(0.5 / 0.25) + (0.5 - 0.75) ln(0.5 / 0.75)
    assert population_stability_index([250_000, 750_000], [500_000, 500_000]) == pytest.approx(0.274653, rel=1e-4)


def test_the_divergence_is_one_bit_without_a_common_bin() -> None:
    assert jensen_shannon_divergence([5, 0, 0], [0, 4, 9]) == pytest.approx(1.0)


def test_the_chi_squared_test_is_pearsons() -> None:
    # 100 * 100 * (30 * 50 - 70 * 50)^2 * ... by hand: chi-squared = 8.3333 with one degree of freedom.
    assert homogeneity_p_value([30, 70], [50, 50]) == pytest.approx(chi_squared_tail(8.333333, 1), rel=1e-5)


def test_a_bin_with_few_samples_does_not_decide() -> None:
    assert homogeneity_p_value([500, 0], [497, 3]) == 1.0


@given(COUNTS)
def test_equal_counts_are_no_difference(counts: list[int]) -> None:
    assert population_stability_index(counts, counts) == 0
    assert jensen_shannon_divergence(counts, counts) == 0
    assert homogeneity_p_value(counts, counts) == 1.0


@given(st.data())
def test_the_measures_are_symmetric_and_within_their_bounds(data: st.DataObject) -> None:
    first = data.draw(COUNTS)
    second = data.draw(st.lists(st.integers(0, 500), min_size=len(first), max_size=len(first)).filter(any))
    assert population_stability_index(first, second) >= 0
    assert population_stability_index(first, second) == pytest.approx(population_stability_index(second, first))
    assert 0 <= jensen_shannon_divergence(first, second) <= 1
    assert 0 <= homogeneity_p_value(first, second) <= 1


def test_holm_multiplies_the_smallest_by_all_and_never_turns_the_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.0]) == [0.9, 0.0]
    assert holm([]) == []
