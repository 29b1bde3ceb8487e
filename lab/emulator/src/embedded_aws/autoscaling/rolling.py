"""Plans how a rolling update replaces instances, by CloudFormation's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RollingUpdate:
    """An UpdatePolicy's AutoScalingRollingUpdate.

    Attributes:
        batch: the most instances that are replaced at a time.
        in_service: the fewest instances that serve at any time.
        percent: of the new instances must signal success.
        seconds: to wait for their signals.
        waits: whether new instances signal at all.
    """

    batch: int = 1
    in_service: int = 0
    percent: int = 100
    seconds: float = 0
    waits: bool = False

    @classmethod
    def of(cls, policy: dict[str, Any], seconds: float) -> RollingUpdate:
        """Reads a template's, whose `PauseTime` is `seconds`."""
        return cls(
            batch=int(policy.get("MaxBatchSize", 1)),
            in_service=int(policy.get("MinInstancesInService", 0)),
            percent=int(policy.get("MinSuccessfulInstancesPercent", 100)),
            seconds=seconds,
            waits=str(policy.get("WaitOnResourceSignals", "false")).lower() == "true",
        )


@dataclass(frozen=True)
class Step:
    """New instances to start, and then old ones to end."""

    start: int
    end: int


def steps(capacity: int, obsolete: int, policy: RollingUpdate) -> list[Step]:
    """Plans an update. At least `in_service` instances serve at any time, if the group's capacity allows it.

    Args:
        capacity: how many instances the group has, before and after.
        obsolete: how many of them are to be replaced.
        policy: the update's.
    """
    batch, missing = min(policy.batch, obsolete), obsolete
    # Grow the group first if it cannot spare a whole batch.
    start = min(missing, max(0, policy.in_service - (capacity - batch)))
    found = []
    while obsolete:
        end = min(batch, obsolete)
        found.append(Step(start, end))
        obsolete, missing = obsolete - end, missing - start
        start = min(end, missing)
    return [*found, Step(start, 0)] if start else found


def largest(capacity: int, plan: list[Step]) -> int:
    """The most instances that the plan has at a time."""
    most = now = capacity
    for step in plan:
        now += step.start
        most = max(most, now)
        now -= step.end
    return most
