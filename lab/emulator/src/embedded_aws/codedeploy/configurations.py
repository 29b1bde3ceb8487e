"""Deployment configurations: how much traffic moves when.

See https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A part of a shift, before the new version takes everything.

    Attributes:
        percent: the new version's share of the traffic.
        minutes: how long it stays at that.
    """

    percent: int
    minutes: int


def _canary(percent: int, minutes: int) -> list[Step]:
    return [Step(percent, minutes)]


def _linear(percent: int, minutes: int) -> list[Step]:
    return [Step(share, minutes) for share in range(percent, 100, percent)]


_PREFIX = "CodeDeployDefault.Lambda"

PREDEFINED: dict[str, list[Step]] = {
    f"{_PREFIX}AllAtOnce": [],
    **{f"{_PREFIX}Canary10Percent{minutes}Minutes": _canary(10, minutes) for minutes in (5, 10, 15, 30)},
    **{
        f"{_PREFIX}Linear10PercentEvery{minutes}Minute{'' if minutes == 1 else 's'}": _linear(10, minutes)
        for minutes in (1, 2, 3, 10)
    },
}
"""AWS's own configurations for Lambda, by their names."""


def steps_of(properties: dict[str, Any]) -> list[Step]:
    """Reads a template's configuration.

    Raises:
        ValueError: it is not one for Lambda, or AWS would refuse it.
    """
    platform = properties.get("ComputePlatform", "Server")
    if platform != "Lambda":
        raise ValueError(f"the emulator does not support deployment configurations of the compute platform {platform}")
    routing = properties.get("TrafficRoutingConfig") or {}
    kind = routing.get("Type")
    if kind == "AllAtOnce":
        return []
    if kind == "TimeBasedCanary":
        canary = routing["TimeBasedCanary"]
        return _canary(*_checked(canary["CanaryPercentage"], canary["CanaryInterval"]))
    if kind == "TimeBasedLinear":
        linear = routing["TimeBasedLinear"]
        return _linear(*_checked(linear["LinearPercentage"], linear["LinearInterval"]))
    raise ValueError(f"TrafficRoutingConfig.Type must be AllAtOnce, TimeBasedCanary or TimeBasedLinear, got {kind}")


def _checked(percentage: Any, interval: Any) -> tuple[int, int]:
    percent, minutes = int(percentage), int(interval)
    if not 1 <= percent <= 99 or minutes < 1:
        raise ValueError(
            f"The percentage must be 1 to 99 and the interval at least one minute, got {percent} and {minutes}"
        )
    return percent, minutes
