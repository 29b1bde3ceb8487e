"""One schedule: what people, uploads and AWS do, and when."""

from __future__ import annotations

import dataclasses
import json
import os
from itertools import pairwise
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import interpreter
from account import Account, Upload
from clients import BEGINNING
from invariants import ENDS, Invariants, ViolationError
from model_builds import aws
from model_builds.documents import pruned_versions
from model_builds.retention import prune as pruning
from model_builds.retention.rules import DAY
from model_delivery import parameters, reason
from scheduler import Choices, Scheduler
from stacks import ABSENT, BUCKET, READY, SERVE, SOURCE, Values

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Seconds before an operation; after the longest, retention may prune what was published before.
GAPS = (0, 1, 10, 60, 600, 100_000)
#: Seconds until an event of an upload arrives, and until it comes again; None for not at all.
DELAYS = (0, 2, 30, 400)
REPEATS = (None, 1, 100, 700)
#: Starts by a person, to bring a schedule to its end.
_MOST_STARTS = 3


@dataclasses.dataclass(frozen=True)
class Operation:
    """A step of somebody: `kind` after `gap`, with two numbers that choose what exactly."""

    kind: str
    gap: int
    first: int = 0
    second: int = 0


@dataclasses.dataclass(frozen=True)
class Summary:
    """Events of a schedule so far."""

    executions: int
    overlapped: bool
    crashed: int
    rolled_back: int
    pruned: int
    requests: int


class Schedule:
    """Operations on one account, with the choices that decide who goes on, and what goes wrong."""

    def __init__(self, definition: str, operations: Sequence[Operation], choices: bytes) -> None:
        self._scheduler = Scheduler(Choices(b""))
        self._choices, self._operations = Choices(choices), operations
        self._account = Account(definition, ["One", "Two"], self._scheduler, Invariants())
        self._pruned = 0

    def run(self) -> Summary:
        """Run it to its end, which a person brings about where only a person can.

        Raises:
            ViolationError: An invariant does not hold.
        """
        account, scheduler = self._account, self._scheduler
        self._install()
        try:
            scheduler.begin("setup", self._set_up)
            scheduler.run()
            scheduler.choices = self._choices
            at = 2.0 * DAY
            for operation in self._operations:
                at += GAPS[operation.gap]
                scheduler.begin(operation.kind, lambda operation=operation: self._do(operation), at)  # type: ignore[misc]
            scheduler.run()
            account.is_calm = account.stacks.is_calm = True
            for _ in range(_MOST_STARTS):
                if self._needs_person():
                    account.start({})
                    scheduler.run()
            scheduler.begin("end", account.invariants.ended)
            scheduler.run()
        except TimeoutError as error:
            raise ViolationError(ENDS, str(error)) from error
        return self._summary()

    def _install(self) -> None:
        account = self._account
        interpreter.install(account.call, self._scheduler.pause)
        clock = SimpleNamespace(
            time=lambda: BEGINNING + self._scheduler.now, strftime=lambda *_: "", gmtime=lambda _: None
        )
        for module in (pruning, pruned_versions):
            module.time = clock  # type: ignore[attr-defined]
        aws.s3 = lambda: account.artifacts  # type: ignore[assignment]
        aws.ssm = parameters.ssm = lambda: account.parameters  # type: ignore[assignment]
        aws.cloudformation = reason.cloudformation = lambda: account.stacks  # type: ignore[assignment]
        aws.events = lambda: SimpleNamespace(put_events=lambda **_: {"FailedEntryCount": 0})  # type: ignore[assignment]
        parameters.respond = _answered  # type: ignore[attr-defined]

    def _set_up(self) -> None:
        """Bring about an account whose stacks serve the third upload; the second stack may not be deployed yet."""
        account = self._account
        self._keep_parameters("Create")
        account.uploads = [Upload(f"u{number}", 0) for number in (1, 2, 3)]
        account.parameters.values[SOURCE] = "u3"
        account.invariants.history.append(("u3", "built"))
        account.invariants.delivered.add("u3")
        account.item = {"Id": {"S": "delivery"}, "Handled": {"S": "u3"}}
        for stack in list(account.stacks.stacks.values())[: 1 if self._choices.byte() >= 224 else 2]:
            for upload in account.uploads:
                stack.values = Values(upload.version, "built", 0)
                stack.version = account.stacks.publish(stack, stack.values)
            assert stack.version is not None
            account.stacks.hold(stack, stack.version)
            stack.changes("CREATE_COMPLETE")

    def _keep_parameters(self, kind: str) -> None:
        for name, value in ((SOURCE, "none"), (SERVE, "built")):
            event = {
                "RequestType": kind,
                "ResourceProperties": {"Name": name, "Value": value, "Description": "of a delivery"},
                "StackId": "delivery",
                "LogicalResourceId": name,
            }
            parameters.keep_parameter({**event, "PhysicalResourceId": name} if kind == "Update" else event, None)

    def _do(self, operation: Operation) -> None:
        getattr(self, f"_{operation.kind}")(operation.first, operation.second)

    def _upload(self, is_refused: int, times: int) -> None:
        account = self._account
        version = f"u{len(account.uploads) + 1}"
        account.uploads.append(Upload(version, len(account.invariants.told)))
        if is_refused % 2:
            account.stacks.refused.add(version)
        delay, repeat = DELAYS[times % len(DELAYS)], REPEATS[times // len(DELAYS) % len(REPEATS)]
        event = {"event": True, "objectVersion": version}
        account.start(event, delay)
        if repeat is not None:
            account.start(event, delay + repeat)

    def _start(self, what: int, which: int) -> None:
        account = self._account
        versions = list(account.stacks.versions.values())
        upload = versions[which % len(versions)].upload
        named = {it.manifest_key.split("/", 1)[0]: it.entry for it in versions if it.upload == upload}
        given: list[dict[str, Any]] = [
            {},
            {"objectVersion": account.uploads[which % len(account.uploads)].version},
            {"serve": list(named.values())},
            {"serve": "built"},
        ]
        account.start(given[what % len(given)])

    def _deploy(self, which: int, changes: int) -> None:
        stacks = self._account.stacks
        stack = list(stacks.stacks.values())[which % 2]
        for _ in range(20):
            if stack.status in READY or stack.status in ABSENT:
                values = stacks.asked((stack.values.revision if stack.values else 0) + changes % 2)
                if values != stack.values:
                    stacks.deploy(stack, values)
                return
            self._scheduler.pause(30)

    def _prune(self, which: int, _: int) -> None:
        stack = list(self._account.stacks.stacks.values())[which % 2]
        if stack.version is None:
            return
        os.environ["RETENTION"] = json.dumps(
            {
                "bucket": BUCKET,
                "prefix": stack.prefix,
                "name": stack.name,
                "format": "litert",
                "stackId": stack.id,
                "versions": 2,
                "ageSeconds": DAY,
                "parameters": [SERVE],
            }
        )
        self._pruned += len(pruning.prune({}, SimpleNamespace(aws_request_id=f"run-{self._scheduler.steps}"))["pruned"])

    def _parameters(self, _: int, __: int) -> None:
        self._keep_parameters("Update")

    def _needs_person(self) -> bool:
        """Tell whether a stopped execution has left something undone."""
        account = self._account
        is_stopped = any(start.execution.status == "ABORTED" for start in account.starts)
        is_open = account.item["Handled"]["S"] != account.uploads[-1].version
        return bool(account.item.keys() - {"Id", "Handled"}) or (is_stopped and is_open)

    def _summary(self) -> Summary:
        starts = self._account.starts
        times = sorted((start.begun, start.ended) for start in starts)
        return Summary(
            executions=len(starts),
            overlapped=any(later[0] < earlier[1] for earlier, later in pairwise(times)),
            crashed=sum(start.execution.status == "ABORTED" for start in starts),
            rolled_back=sum(start.execution.output.get("outcome") == "ROLLED_BACK" for start in starts),
            pruned=self._pruned,
            requests=self._scheduler.steps,
        )


def _answered(event: dict[str, Any], physical_id: str, *, reason: str = "") -> None:
    """Take the answer of a custom resource."""
    assert not reason, (event, physical_id, reason)
