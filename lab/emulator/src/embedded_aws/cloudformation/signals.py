"""Counts signals to a resource while something waits for them, and refuses the others."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import handlers, stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SETTLED = "_CLEANUP_IN_PROGRESS"


class SignalError(RuntimeError):
    """Too few instances sent a success signal."""


class Expectation:
    """Waits for the signals of one resource."""

    def __init__(self, status: str) -> None:
        self.status = status
        self._given: dict[str, bool] = {}
        self._changed = threading.Condition()

    def take(self, unique_id: str, success: bool) -> None:
        """Takes a signal; one that comes again changes nothing."""
        with self._changed:
            self._given.setdefault(unique_id, success)
            self._changed.notify_all()

    def wait(self, count: int, seconds: float, percent: int = 100) -> None:
        """Waits for `count` signals, of which `percent` must be successes.

        Raises:
            SignalError: that is no longer possible, or the time is up.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            while len(self._given) < count:
                self._judge(count, percent)
                if not self._changed.wait(deadline - time.monotonic()):
                    raise SignalError(
                        f"Failed to receive {count - len(self._given)} resource signal(s) within the specified duration"
                    )
            self._judge(count, percent)

    def _judge(self, count: int, percent: int) -> None:
        failures = list(self._given.values()).count(False)
        if failures > count - count * percent / 100:
            raise SignalError(
                f"Received {failures} FAILURE signal(s) out of {count}. "
                f"Unable to satisfy {percent}% MinSuccessfulInstancesPercent requirement"
            )


class Signals:
    """The expectations of all stacks."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], tuple[Expectation, str]] = {}

    @contextlib.contextmanager
    def expected(self, stack_id: str, logical_id: str, resource_type: str, status: str) -> Iterator[Expectation]:
        """Takes the signals of a resource as long as the block lasts.

        Args:
            stack_id: of its stack.
            logical_id: of the resource.
            resource_type: for the stack's events.
            status: `CREATE_IN_PROGRESS` or `UPDATE_IN_PROGRESS`, for the stack's events.
        """
        expectation = Expectation(status)
        self._waiting[stack_id, logical_id] = (expectation, resource_type)
        try:
            yield expectation
        finally:
            del self._waiting[stack_id, logical_id]

    def with_delivery(self, actions: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
        """Lets SignalResource deliver what is expected, and refuse the rest as before."""
        original = actions["SignalResource"]

        def signal(parameters: dict[str, Any]) -> Any:
            stack = handlers._resolve_stack(handlers._p(parameters, "StackName")) or {}
            status = stack.get("StackStatus", "")
            logical_id = handlers._p(parameters, "LogicalResourceId")
            found = self._waiting.get((stack.get("StackId", ""), logical_id))
            given, unique_id = handlers._p(parameters, "Status"), handlers._p(parameters, "UniqueId")
            known = given in ("SUCCESS", "FAILURE") and 1 <= len(unique_id) <= 64
            if not found or not known or not status.endswith("IN_PROGRESS") or status.endswith(_SETTLED):
                return original(parameters)
            expectation, resource_type = found
            reason = f"Received {given} signal with UniqueId {unique_id}"
            name = stack["StackName"]
            stacks._add_event(stack["StackId"], name, logical_id, resource_type, expectation.status, reason)
            expectation.take(unique_id, given == "SUCCESS")
            return handlers._xml(200, "SignalResourceResponse", "")

        # The dictionary itself: other modules of MiniStack hold it.
        actions["SignalResource"] = signal
        return actions
