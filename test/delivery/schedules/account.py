"""An account with a delivery: what its state machine requests, and what may go wrong with a request."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from clients import Artifacts, Parameters
from interpreter import Execution, Failure
from model_delivery.reason import find_reason
from stacks import READY, CloudFormation

if TYPE_CHECKING:
    from invariants import Invariants
    from scheduler import Scheduler

#: First values of the byte that decides how a request goes wrong; the simplest fault comes first.
THROTTLED, LOST_BEFORE, LOST_AFTER, STOPPED = 231, 239, 247, 255
#: Seconds in which Step Functions may not know an execution that has begun.
_UNKNOWN_SECONDS = 3
#: Seconds in which CloudFormation may show a stack as it was before an update.
_STALE_SECONDS = (0, 0, 0, 4)
#: Seconds that a request takes.
_LATENCIES = (0, 0, 1, 2)


class _StoppedError(BaseException):
    """Somebody stops an execution."""


@dataclasses.dataclass(frozen=True)
class Upload:
    """A version of the uploaded object, and how many outcomes were told before it."""

    version: str
    told: int


@dataclasses.dataclass
class Start:
    """An execution that was started, and how many uploads there were when it began."""

    name: str
    given: dict[str, Any]
    execution: Execution
    uploads: int = 0
    begun: float = 0
    ended: float = 0

    @property
    def arn(self) -> str:
        """ARN of the execution."""
        return self.execution.arn


class Account:
    """The account as the state machine of a delivery sees it, and its executions."""

    def __init__(self, definition: str, names: list[str], scheduler: Scheduler, invariants: Invariants) -> None:
        self._definition, self.scheduler, self.invariants = definition, scheduler, invariants
        invariants.account = self
        self.artifacts = Artifacts(scheduler, invariants.deleted)
        self.parameters = Parameters(scheduler)
        self.stacks = CloudFormation(scheduler, self.artifacts, self.parameters, invariants, names)
        self.uploads: list[Upload] = []
        self.item: dict[str, Any] = {}
        self.starts: list[Start] = []
        self.is_calm = False
        self._running: dict[str, Start] = {}

    def start(self, given: dict[str, Any], after: float = 0) -> None:
        """Start an execution."""
        name = f"e{len(self.starts) + 1}"
        start = Start(name, given, Execution(self._definition, name, given))
        self.starts.append(start)
        self.scheduler.begin(name, lambda: self._run(start), after)

    def _run(self, start: Start) -> None:
        start.begun, start.uploads = self.scheduler.now, len(self.uploads)
        self._running[start.name] = start
        try:
            start.execution.run()
        except _StoppedError:
            start.execution.record["status"] = "ABORTED"
        start.ended = self.scheduler.now
        del self._running[start.name]

    def call(self, resource: str, given: Any) -> Any:
        """Fulfil a request of an execution, unless something goes wrong."""
        assert self.scheduler.current is not None
        start = self._running[self.scheduler.current.name]
        service, action = resource.split(":")[-2:]
        fault = 0 if self.is_calm else self.scheduler.choices.byte()
        self.scheduler.pause(_LATENCIES[fault & 3] if fault < THROTTLED else 0)
        is_stopped_later = fault == STOPPED and self.scheduler.choices.below(2) == 1
        if fault == STOPPED and not is_stopped_later:
            raise _StoppedError
        if LOST_BEFORE <= fault < LOST_AFTER:
            raise _lost(service)
        if THROTTLED <= fault < LOST_BEFORE:
            if action == "putEvents":
                return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "ThrottlingException"}]}
            raise _refused(service, "Rate exceeded")
        answer = getattr(self, f"_{action}")(given, start)
        if is_stopped_later:
            raise _StoppedError
        if fault >= LOST_AFTER:
            raise _lost(service)
        return answer

    def _listObjectVersions(self, given: Any, _: Start) -> Any:  # noqa: N802 - the name of the AWS action
        return {"Versions": [{"Key": given["Prefix"], "VersionId": self.uploads[-1].version}]}

    def _updateItem(self, given: Any, start: Start) -> Any:  # noqa: N802 - the name of the AWS action
        values = given.get("ExpressionAttributeValues", {})
        owner = self.item.get("Owner", {}).get("S")
        owners = {f"#owner = {name}": value["S"] for name, value in values.items()}
        owners["attribute_not_exists(#owner)"] = None
        condition = given.get("ConditionExpression")
        if condition is not None and owner not in {owners[term] for term in condition.split(" OR ")}:
            raise Failure("DynamoDb.ConditionalCheckFailedException", "The conditional request failed")
        sets, _, removes = given["UpdateExpression"].partition("REMOVE")
        item = dict(self.item)
        for assignment in filter(None, sets.removeprefix("SET ").split(",")):
            name, _, value = assignment.partition("=")
            item[name.strip().replace("#owner", "Owner")] = values[value.strip()]
        for name in removes.replace("#owner", "Owner").split(","):
            item.pop(name.strip(), None)
        before, after = _remembered(self.item), _remembered(item)
        if before and after and after != before:
            self.invariants.history.append(after)
        self.item = item
        if item.get("Owner", {}).get("S") == start.arn != owner:
            self.invariants.takes(start)
        return {"Attributes": item}

    def _getItem(self, _: Any, __: Start) -> Any:  # noqa: N802 - the name of the AWS action
        return {"Item": self.item}

    def _describeExecution(self, given: Any, _: Start) -> Any:  # noqa: N802 - the name of the AWS action
        found = next(it for it in self.starts if it.arn == given["ExecutionArn"])
        is_new = self.scheduler.now < found.begun + _UNKNOWN_SECONDS
        if is_new and self.scheduler.choices.below(2) == 1:
            raise Failure("Sfn.ExecutionDoesNotExistException", "Execution does not exist")
        return {"Status": found.execution.status}

    def _getParameter(self, given: Any, _: Start) -> Any:  # noqa: N802 - the name of the AWS action
        return {"Parameter": {"Name": given["Name"], "Value": self.parameters.values[given["Name"]]}}

    def _putParameter(self, given: Any, start: Start) -> Any:  # noqa: N802 - the name of the AWS action
        self.invariants.writes(start, given["Name"])
        assert given["Name"] in self.parameters.values
        self.parameters.values[given["Name"]] = given["Value"]
        return {"Version": 1}

    def _describeStacks(self, given: Any, _: Start) -> Any:  # noqa: N802 - the name of the AWS action
        stack = self.stacks.stacks[given["StackName"]]
        if not stack.status:
            raise _refused("cloudformation", f"Stack with id {stack.name} does not exist")
        is_stale = self.scheduler.now < stack.stale_until
        return {"Stacks": [stack.stale if is_stale else stack.described()]}

    def _updateStack(self, given: Any, start: Start) -> Any:  # noqa: N802 - the name of the AWS action
        stack = self.stacks.stacks[given["StackName"]]
        self.invariants.writes(start, stack.name)
        if stack.status not in READY or stack.values is None:
            raise _refused("cloudformation", f"Stack:{stack.name} is in {stack.status} state and can not be updated.")
        values = self.stacks.asked(stack.values.revision)
        if values == stack.values:
            raise _refused("cloudformation", "No updates are to be performed.")
        self.stacks.deploy(stack, values, _STALE_SECONDS[self.scheduler.choices.below(len(_STALE_SECONDS))])
        return {"StackId": stack.id}

    def _invoke(self, given: Any, _: Start) -> Any:
        return {"Payload": find_reason(given["Payload"], None)}

    def _putEvents(self, given: Any, start: Start) -> Any:  # noqa: N802 - the name of the AWS action
        for entry in given["Entries"]:
            self.invariants.hears(start, json.loads(entry["Detail"]))
        return {"FailedEntryCount": 0}


def _remembered(item: dict[str, Any]) -> tuple[str, str] | None:
    return (item["PreviousSource"]["S"], item["PreviousServe"]["S"]) if "PreviousSource" in item else None


def _lost(service: str) -> Exception:
    return Failure(f"{service.capitalize()}.SdkClientException", "Unable to execute HTTP request: Read timed out")


def _refused(service: str, message: str) -> Exception:
    name = {"cloudformation": "CloudFormation", "dynamodb": "DynamoDb"}.get(service, service.capitalize())
    return Failure(f"{name}.{name}Exception", f"{message} (Service: {name}, Status Code: 400)")
