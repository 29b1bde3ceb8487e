"""The order in which a rolling update replaces instances."""

from __future__ import annotations

import itertools

import pytest
from embedded_aws.autoscaling.rolling import RollingUpdate, Step, largest, steps


def test_a_group_that_must_keep_its_capacity_grows_first() -> None:
    assert steps(1, 1, RollingUpdate(batch=1, in_service=1)) == [Step(start=1, end=1)]
    assert steps(2, 2, RollingUpdate(batch=1, in_service=2)) == [Step(1, 1), Step(1, 1)]


def test_a_group_that_can_spare_a_batch_does_not_grow() -> None:
    plan = steps(4, 4, RollingUpdate(batch=2, in_service=2))

    assert plan == [Step(0, 2), Step(2, 2), Step(2, 0)]
    assert largest(4, plan) == 4


def test_nothing_is_done_if_no_instance_is_obsolete() -> None:
    assert steps(3, 0, RollingUpdate(batch=1, in_service=3)) == []


@pytest.mark.parametrize(
    ("capacity", "obsolete", "batch", "in_service"),
    [
        (capacity, obsolete, batch, in_service)
        for capacity, batch in itertools.product(range(1, 5), range(1, 4))
        for obsolete in range(1, capacity + 1)
        for in_service in range(capacity + 1)
    ],
)
def test_enough_instances_serve_at_any_time_and_all_are_replaced(
    capacity: int, obsolete: int, batch: int, in_service: int
) -> None:
    serving = capacity
    plan = steps(capacity, obsolete, RollingUpdate(batch=batch, in_service=in_service))
    for step in plan:
        serving += step.start
        serving -= step.end
        assert serving >= in_service
        assert step.end <= batch
    assert serving == capacity
    assert sum(step.start for step in plan) == sum(step.end for step in plan) == obsolete
