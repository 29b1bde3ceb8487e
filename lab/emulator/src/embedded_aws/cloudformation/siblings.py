"""Runs custom resources at the same time, and cancels those in progress when a resource of their stack fails.

MiniStack makes one resource after another, so that nothing is ever in progress when something fails. CloudFormation
starts every resource whose dependencies are there. When one fails it waits for none of the others: they fail with
"Resource creation cancelled", and the rollback deletes them by a physical id that CloudFormation makes up, while they
may still run. See https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1730.
"""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
import string
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    Async = Callable[..., Coroutine[Any, Any, Any]]

Record = dict[str, Any]

_current: ContextVar[Operation | None] = ContextVar("operation", default=None)


@dataclass
class Running:
    """A resource in progress.

    Attributes:
        resource_type: its type.
        physical_id: that it has already, where it is updated.
        properties: that it gets.
        task: ends when it does.
    """

    resource_type: str
    physical_id: str | None
    properties: Record
    task: asyncio.Task[Any]

    def outcome(self) -> str | None:
        """Return the error of the operation; None where it succeeded, or still runs."""
        error = self.task.exception() if self.task.done() else None
        return None if error is None else str(error)


class Operation:
    """The creation or update of one stack."""

    def __init__(self, name: str, template: Record, parameters: Record, previous: Record | None) -> None:
        self.name, self._template, self._parameters = name, template, parameters
        self._stack = cloudformation._stacks[name]
        self._made: Record = self._stack.setdefault("_resources", {})
        self._before = dict(self._made)
        self._previous: Record = (previous or {}).get("_resources", {})
        self._prefix = "UPDATE" if previous is not None else "CREATE"
        self._conditions = engine._evaluate_conditions(template, parameters)
        self._definitions: dict[str, Record] = {
            logical_id: definition
            for logical_id, definition in template.get("Resources", {}).items()
            if not definition.get("Condition") or self._conditions.get(definition["Condition"], True)
        }
        self._running: dict[str, Running] = {}
        self._failed: list[str] = []
        self._abandoned: dict[str, Running] = {}

    def in_progress(self, logical_id: str) -> bool:
        """Tells whether a resource was started before its turn."""
        return logical_id in self._running

    async def run(self, original: Any, function: Any, arguments: tuple[Any, ...]) -> Any:
        """Creates or updates the resource whose turn it is, as MiniStack would, and starts those that need not wait."""
        updates = function is stacks._update_keeping_seed
        logical_id = arguments[5] if updates else arguments[1]
        if logical_id not in self._running:
            properties, physical_id = (arguments[3], arguments[1]) if updates else (arguments[2], None)
            task = asyncio.ensure_future(original(function, *arguments))
            self._running[logical_id] = Running(arguments[0], physical_id, properties, task)
        self._start_others(original)
        mine = self._running[logical_id]
        if _is_custom(mine.resource_type):
            await self._wait(logical_id, mine)
        else:
            await asyncio.wait([mine.task])
        del self._running[logical_id]
        return mine.task.result()

    async def _wait(self, logical_id: str, mine: Running) -> None:
        while not mine.task.done():
            failed = [name for name, running in self._running.items() if running.outcome() is not None]
            if failed:
                self._abandoned[logical_id] = self._running.pop(logical_id)
                raise RuntimeError(self._cancelled())
            pending = [running.task for running in self._running.values() if not running.task.done()]
            await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)

    def _start_others(self, original: Any) -> None:
        for logical_id, definition in self._definitions.items():
            kind = definition.get("Type", "")
            if not _is_custom(kind) or self._settled(logical_id) or logical_id in self._running:
                continue
            needed = engine._extract_deps(definition, set(self._definitions))
            # A dynamic reference is read when it is the resource's turn.
            if not all(map(self._settled, needed)) or "{{resolve:" in json.dumps(definition):
                continue
            self._start(original, logical_id, kind, self._resolved(definition))

    def _start(self, original: Any, logical_id: str, kind: str, properties: Record) -> None:
        known, physical_id = self._previous.get(logical_id), None
        arguments: tuple[Any, ...] = (stacks._provision_keeping_seed, kind, logical_id, properties, self.name)
        if known:
            if known["ResourceType"] != kind or known["Properties"] == properties:
                return
            physical_id = known["PhysicalResourceId"]
            about = (known["Properties"], properties, self.name, logical_id, known.get("Attributes", {}))
            arguments = (stacks._update_keeping_seed, kind, physical_id, *about)
        self._event(logical_id, kind, "IN_PROGRESS")
        self._running[logical_id] = Running(kind, physical_id, properties, asyncio.ensure_future(original(*arguments)))

    def settle(self, operation: Record) -> str:
        """Cancels what is in progress once the operation has failed, and has the rollback undo it.

        Args:
            operation: MiniStack's record of what the rollback needs.

        Returns:
            Why the stack goes back, where more than one resource has failed.
        """
        for logical_id, running in self._abandoned.items():  # MiniStack has told that, and sends updates back
            if running.physical_id is None:
                self._record(operation, logical_id, running, self._made_up_id(logical_id), {})
        for logical_id, running in self._running.items():
            reason = running.outcome()
            if running.task.done() and reason is None:
                ((physical_id, attributes), _) = running.task.result()
                self._event(logical_id, running.resource_type, "COMPLETE", "", physical_id)
                self._record(operation, logical_id, running, physical_id, attributes)
                continue
            self._event(logical_id, running.resource_type, "FAILED", reason or self._cancelled())
            self._failed.append(logical_id)
            if reason is None or running.physical_id:
                self._record(operation, logical_id, running, running.physical_id or self._made_up_id(logical_id), {})
        self._running.clear()
        self._abandoned.clear()
        names = list(dict.fromkeys([operation.get("failed_logical_id"), *self._failed]))
        verb = "update" if self._prefix == "UPDATE" else "create"
        listed = ", ".join(str(name) for name in names)
        return f"The following resource(s) failed to {verb}: [{listed}]. " if len(names) > 1 else ""

    def _record(
        self, operation: Record, logical_id: str, running: Running, physical_id: str, attributes: Record
    ) -> None:
        self._made[logical_id] = {
            "PhysicalResourceId": physical_id,
            "ResourceType": running.resource_type,
            "ResourceStatus": f"{self._prefix}_COMPLETE",
            "LogicalResourceId": logical_id,
            "Properties": running.properties,
            "Attributes": attributes,
            "Timestamp": now_iso(),
        }
        operation["created"].append(logical_id)

    def _settled(self, logical_id: str) -> bool:
        return self._made.get(logical_id) is not self._before.get(logical_id)

    def _resolved(self, definition: Record) -> Record:
        mappings = self._template.get("Mappings", {})
        resolved: Record = engine._resolve_refs(
            copy.deepcopy(definition.get("Properties") or {}),
            *(self._made, self._parameters, self._conditions, mappings, self.name, self._stack["StackId"]),
        )
        return {name: value for name, value in resolved.items() if value is not engine._NO_VALUE}

    def _event(self, logical_id: str, kind: str, status: str, reason: str = "", physical_id: str = "") -> None:
        full = f"{self._prefix}_{status}"
        _add_event(self._stack["StackId"], self.name, logical_id, kind, full, reason, physical_id)

    def _cancelled(self) -> str:
        return f"Resource {'update' if self._prefix == 'UPDATE' else 'creation'} cancelled"

    def _made_up_id(self, logical_id: str) -> str:
        suffix = "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(12))
        return f"{self.name}-{logical_id}-{suffix}"


def with_siblings(deploy: Async) -> Async:
    """Runs a stack's creation or update as an operation."""

    async def deploying(
        name: str, stack_id: str, template: Record, parameters: Record, *rest: Any, **named: Any
    ) -> Any:
        operation = Operation(name, template, parameters, named.get("previous_stack"))
        _current.set(operation)
        try:
            return await deploy(name, stack_id, template, parameters, *rest, **named)
        finally:
            failed = cloudformation._stacks.get(name, {}).get("_failed_operation")
            operation.settle(failed if failed is not None else {"created": []})
            _current.set(None)

    return deploying


def with_cancelled(roll_back: Async) -> Async:
    """Cancels what is in progress before a rollback."""

    async def rolling_back(name: str, stack_id: str, stack: Record, operation: Record, *rest: Any) -> Any:
        current = _current.get()
        if current is not None and current.name == name:
            reason = current.settle(operation)
            rest = rest or (reason,)
        return await roll_back(name, stack_id, stack, operation, *rest)

    return rolling_back


def at_once(original: Async) -> Async:
    """Runs what makes or updates a resource of an operation together with its siblings."""

    async def run(function: Any, *arguments: Any, **named: Any) -> Any:
        current = _current.get()
        if current is None or function not in (stacks._provision_keeping_seed, stacks._update_keeping_seed):
            return await original(function, *arguments, **named)
        return await current.run(original, function, arguments)

    return run


_add_event: Any = stacks._add_event


def without_second_start(add: Any) -> Any:
    """Tells the start of a resource once, though its turn comes later."""

    def add_event(stack_id: str, name: str, logical_id: str, kind: str, status: str, *rest: Any, **named: Any) -> Any:
        current = _current.get()
        starts = status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        if starts and current is not None and current.name == name and current.in_progress(logical_id):
            return None
        return add(stack_id, name, logical_id, kind, status, *rest, **named)

    return add_event


def _is_custom(resource_type: str) -> bool:
    return resource_type.startswith("Custom::") or resource_type == "AWS::CloudFormation::CustomResource"
