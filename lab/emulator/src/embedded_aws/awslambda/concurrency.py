"""Lambda's concurrency: the account's limit, what functions reserve of it, and what versions have provisioned.

See https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import lambda_svc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LEAST_UNRESERVED = 100  # what AWS keeps for functions that reserve nothing, where the account has that much

_FUNCTION, _ACCOUNT = "function", "account"


@dataclass(frozen=True)
class Slot:
    """One execution that is under way.

    Attributes:
        function: its name.
        version: `$LATEST` or a number.
        pool: what it counts against: the function's reservation, the version's provision, or the account.
    """

    function: str
    version: str
    pool: str


class Concurrency:
    """Counts executions, and refuses those over a limit: nothing waits."""

    def __init__(self, limit: int) -> None:
        """Counts against a limit.

        Args:
            limit: concurrent executions of the account in its Region.
        """
        self.limit = limit
        self._running: list[Slot] = []
        self._lock = threading.Lock()

    def acquire(self, _: dict[str, Any], config: dict[str, Any]) -> tuple[Slot | None, str | None]:
        """Takes one unit for an execution of a version.

        Returns:
            The unit, or None and the limit that was reached: `function` or `account`.
        """
        name, version = config["FunctionName"], config["Version"]
        function = lambda_svc._functions.get(name) or {}
        reserved = function.get("concurrency")
        provisioned = _provisioned(function)
        with self._lock:
            if reserved is not None and self._count(lambda slot: slot.function == name) >= int(reserved):
                return None, _FUNCTION
            of_version = Slot(name, version, "provisioned")
            if self._running.count(of_version) < provisioned.get(version, 0):
                slot = of_version
            elif reserved is not None:
                slot = Slot(name, version, "reserved")
            elif self._count(lambda slot: slot.pool == _ACCOUNT) < self.unreserved():
                slot = Slot(name, version, _ACCOUNT)
            else:
                return None, _ACCOUNT
            self._running.append(slot)
            return slot, None

    def release(self, slot: Slot | None) -> None:
        """Gives a unit back."""
        with self._lock:
            if slot in self._running:
                self._running.remove(slot)

    def unreserved(self, without: str = "") -> int:
        """Returns the units that are neither reserved nor provisioned.

        Args:
            without: a function that is left out.
        """
        return self.limit - sum(_taken(function) for name, function in _functions() if name != without)

    def with_reservation(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Refuses a reservation that leaves other functions too little."""

        def put(name: str, data: dict[str, Any]) -> Any:
            wanted = int(data.get("ReservedConcurrentExecutions", 0))
            least = min(_LEAST_UNRESERVED, self.limit)
            provisioned = sum(_configured(lambda_svc._functions.get(name) or {}).values())
            if wanted and wanted < provisioned:
                return _refused(
                    f"ReservedConcurrentExecutions {wanted} should not be lower than the function's total provisioned "
                    f"concurrency [{provisioned}]."
                )
            if wanted and self.unreserved(without=name) - wanted < least:
                return _refused(
                    "Specified ReservedConcurrentExecutions for function decreases account's "
                    f"UnreservedConcurrentExecution below its minimum value of [{least}]."
                )
            return original(name, data)

        return put

    def with_provision(
        self, original: Callable[..., Any], prepare: Callable[[dict[str, Any], int], str | None]
    ) -> Callable[..., Any]:
        """Refuses a provision that the account or the function has not got, and starts its environments.

        Args:
            original: MiniStack's, which keeps the record.
            prepare: starts environments of a version, given MiniStack's record of it; returns why it cannot.
        """

        def put(name: str, qualifier: str, data: dict[str, Any]) -> Any:
            function = lambda_svc._functions.get(name) or {"config": None}
            record, _ = lambda_svc._effective_func_record_for_qualifier(function, qualifier)
            if not record or not record["config"]:
                return original(name, qualifier, data)
            wanted = int(data.get("ProvisionedConcurrentExecutions", 0))
            reason = self._why_not_provisioned(function, qualifier, wanted)
            if reason:
                return _refused(reason)
            original(name, qualifier, data)
            state = function["provisioned_concurrency"][qualifier]
            state.update(_state("IN_PROGRESS", 0))
            # The function may call the embedded AWS while it starts, so do not wait for it here.
            arguments = (lambda: prepare(record, wanted), state, wanted)
            threading.Thread(target=prepare_environments, args=arguments, daemon=True).start()
            return json_response(state, 202)

        return put

    def _why_not_provisioned(self, function: dict[str, Any], qualifier: str, wanted: int) -> str | None:
        if qualifier in {"", "$LATEST", None}:
            return "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        if wanted < 1:
            return "ProvisionedConcurrentExecutions must be at least 1."
        name, reserved = function["config"]["FunctionName"], function.get("concurrency")
        total = wanted + sum(count for key, count in _configured(function).items() if key != qualifier)
        if reserved is not None and total > int(reserved):
            return (
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for "
                "function"
            )
        least = min(_LEAST_UNRESERVED, self.limit)
        if reserved is None and self.unreserved(without=name) - total < least:
            return (
                "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
                f"its minimum value of [{least}]."
            )
        return None

    def _count(self, matches: Callable[[Slot], bool]) -> int:
        return sum(1 for slot in self._running if matches(slot))


def apply_reservation(physical_id: str, properties: dict[str, Any]) -> None:
    """Sets what a template's function reserves, which MiniStack drops.

    Raises:
        ValueError: the account has not got that much.
    """
    wanted = properties.get("ReservedConcurrentExecutions")
    if wanted is None:
        lambda_svc._delete_function_concurrency(physical_id)
        return
    status, _, body = lambda_svc._put_function_concurrency(physical_id, {"ReservedConcurrentExecutions": int(wanted)})
    if status >= 400:
        raise ValueError(json.loads(body)["message"])


def prepare_environments(prepare: Callable[[], str | None], state: dict[str, Any], wanted: int) -> None:
    """Starts environments, and writes into the record of a provision what came of it."""
    reason = prepare()
    if reason is None:
        state.update(_state("READY", wanted))
    else:
        state.update(_state("FAILED", 0), StatusReason=f"FUNCTION_ERROR_INIT_FAILURE: {reason}")


def _state(status: str, available: int) -> dict[str, Any]:
    return {
        "Status": status,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": available,
    }


def _functions() -> Iterable[tuple[str, dict[str, Any]]]:
    return [(name, lambda_svc._functions[name]) for name in lambda_svc._functions.keys()]  # noqa: SIM118 - scoped keys


def _taken(function: dict[str, Any]) -> int:
    reserved = function.get("concurrency")
    return sum(_configured(function).values()) if reserved is None else int(reserved)


def _configured(function: dict[str, Any]) -> dict[str, int]:
    """Returns the provisioned concurrency that was asked for, by alias or version number."""
    records = function.get("provisioned_concurrency") or {}
    return {key: int(record["RequestedProvisionedConcurrentExecutions"]) for key, record in records.items()}


def _provisioned(function: dict[str, Any]) -> dict[str, int]:
    """Returns the provisioned concurrency by version number."""
    found: dict[str, int] = {}
    for qualifier, record in (function.get("provisioned_concurrency") or {}).items():
        count = int(record["AvailableProvisionedConcurrentExecutions"])
        _, config = lambda_svc._effective_func_record_for_qualifier(function, qualifier)
        if config:
            found[config["Version"]] = found.get(config["Version"], 0) + count
    return found


def _refused(message: str) -> Any:
    return error_response_json("InvalidParameterValueException", message, 400)
