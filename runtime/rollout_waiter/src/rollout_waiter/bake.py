"""Watches a canary while it serves, until its time is over or it must not go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from .alarms import AlarmsError
from .cluster import ClusterError
from .faults import Fault
from .fleet import FleetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .rollout import Clock

_POLL_SECONDS = 10.0
#: Time after the bake in which its last look may still fail, for example because a node's pods move.
_GRACE_SECONDS = 60.0


class Canary(Protocol):
    """The pods or instances that get a version first."""

    @property
    def seconds(self) -> float:
        """Duration of the bake."""

    @property
    def alarms(self) -> list[str]:
        """Names of alarms that end the bake."""

    def needless(self) -> str:
        """Say why they need not bake; empty if they must."""

    def look(self, passed: float, *, over: bool) -> tuple[Fault, ...]:
        """Return why they must not go on.

        Args:
            passed: Seconds since the bake began.
            over: Whether this is the last look.

        Raises:
            CannotTellError: The look did not show whether they work.
        """

    def explained(self, faults: tuple[Fault, ...], *, certain: bool) -> tuple[Fault, ...]:
        """Return faults with what is read only once, when the bake ends by them.

        Args:
            faults: Why it ends.
            certain: Whether a look found them, rather than nothing in time.
        """

    def figures(self) -> str:
        """Say how they served."""


@dataclass(frozen=True)
class Verdict:
    """Result of a bake.

    Attributes:
        faults: Why the canary must not go on; empty if it may.
        ending: When that was; for a canary that may go on, why, or its figures.
    """

    faults: tuple[Fault, ...]
    ending: str


class CannotTellError(Exception):
    """A look at the canary did not show whether it works."""

    def __init__(self, *faults: Fault) -> None:
        """Keep what prevented it."""
        super().__init__(*faults)
        self.faults = faults


def bake(canary: Canary, alarm_reason: Callable[[list[str]], str], clock: Clock, seconds_left: float) -> Verdict:
    """Watch a canary for as long as it bakes, or until it must not go on.

    Args:
        canary: What to watch.
        alarm_reason: Says which alarm is in the state ALARM.
        clock: Time.
        seconds_left: How long the function may run.
    """
    begun = clock.now()
    end = begun + min(canary.seconds, seconds_left)
    last = min(end + _GRACE_SECONDS, begun + seconds_left)
    needed = False

    def stopped(faults: tuple[Fault, ...], *, certain: bool) -> Verdict:
        passed = clock.now() - begun
        return Verdict(canary.explained(faults, certain=certain), f"after {passed:.0f} s of {canary.seconds:.0f} s")

    while True:
        over = clock.now() >= end
        try:
            why_not = "" if needed else canary.needless()
            if why_not:
                return Verdict((), why_not)
            needed = True
            alarm = alarm_reason(canary.alarms)
            faults = (Fault(alarm),) if alarm else canary.look(clock.now() - begun, over=over)
            if faults:
                return stopped(faults, certain=True)
            if over:
                return Verdict((), canary.figures())
        except (CannotTellError, ClusterError, FleetError, AlarmsError) as error:
            # An unclear state during the bake may be clear later, at its end at the latest.
            if clock.now() + _POLL_SECONDS > last:
                unclear = error.faults if isinstance(error, CannotTellError) else (Fault(str(error)),)
                return stopped(unclear, certain=False)
        clock.sleep(_POLL_SECONDS if over else max(0.1, min(_POLL_SECONDS, end - clock.now())))
