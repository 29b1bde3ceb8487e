"""Runs a delivery's definition in MiniStack's interpreter of the Amazon States Language, in a small world of its own.

Reads `{"definition", "input", "world"}` from each line of standard input, and writes what happened as a line of JSON.
The world is what AWS answers: a bucket's newest version, the table's item, the parameters, the stacks with what becomes
of their updates.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ministack.services import stepfunctions

_Error = stepfunctions._ExecutionError
_ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:delivery"
_ME = "arn:aws:states:eu-west-1:111122223333:execution:delivery:me"


#: Seconds that the execution waits for.
waits: list[float] = []


class _Interrupted(BaseException):
    """Ends an execution where it stands: no state catches it."""


class World:
    """AWS, as far as a delivery sees it."""

    def __init__(self, given: dict[str, Any]) -> None:
        newest = given.get("newest", "")
        #: The newest version, or those at one look after another; the last stays.
        self.newest: list[str] = newest if isinstance(newest, list) else [newest]
        self.item: dict[str, Any] = given.get("item", {})
        self.parameters: dict[str, str] = given["parameters"]
        #: Name of a stack to its statuses, which are read one after another; the last stays.
        self.stacks: dict[str, list[str]] = given["stacks"]
        #: Name of a stack to what its updates bring: `ok`, `same`, `back`, `stuck`, `refused`, `busy`, `throttled`,
        #: `unavailable` or `lost`.
        self.updates: dict[str, list[str]] = given.get("updates", {})
        #: Name of a stack to its outputs by name, and to those after an update.
        self.outputs: dict[str, dict[str, str]] = given.get("outputs", {})
        self.next_outputs: dict[str, dict[str, str]] = given.get("nextOutputs", {})
        #: Number of the next events that EventBridge refuses, and whether it gives no answer at all.
        self.refused_events: int = given.get("refusedEvents", 0)
        self.lost_events: bool = given.get("lostEvents", False)
        self.executions: dict[str, list[str]] = given.get("executions", {})
        self.lost_descriptions: int = given.get("lostDescriptions", 0)
        #: Number of changes after which descriptions are lost; -1 from the beginning.
        self.first_lost: int = given.get("lostAfter", -1)
        #: Error of the refused descriptions after that many changes: `lostDescriptions` of them, or all.
        self.refusal: str | None = given.get("refusal")
        self.refuses_all = self.refusal is not None and not self.lost_descriptions
        #: Makes the function fail that finds the reason of a rollback.
        self.is_reason_unknown: bool = given.get("isReasonUnknown", False)
        #: Stacks without an execution role.
        self.without_role: list[str] = given.get("withoutRole", [])
        #: Number of times that SSM refuses to write a parameter, by its name.
        self.refused_parameters: dict[str, int] = given.get("refusedParameters", {})
        #: Looks at a stack after its update began that still show what it was before.
        self.stale_looks: int = given.get("staleLooks", 0)
        self.stale: dict[str, list[Any]] = {}
        #: The execution that takes the turn when this one gives it up, before this one knows that it has.
        self.taker: str | None = given.get("taker")
        #: Number of requests after which the execution ends, as when somebody stops it; None for no end.
        self.requests_left: int | None = given.get("interruptAfter")
        #: Times of the stacks' last updates, by name, and what the last look showed of them.
        self.last_updated: dict[str, str] = {}
        self.looks: dict[str, tuple[str, str | None]] = {}
        self.calls: list[list[Any]] = []
        self.events: list[dict[str, Any]] = []
        self.owner_when_told: str | None = None
        #: Name of a stack to the parameters that it was updated with last.
        self.serving: dict[str, dict[str, str]] = given.get("serving") or {
            name: dict(self.parameters) for name in self.stacks
        }

    def call(self, resource: str, given: Any) -> Any:
        if self.requests_left is not None:
            if not self.requests_left:
                raise _Interrupted
            self.requests_left -= 1
        action = resource.rpartition(":")[2]
        return getattr(self, f"_{action}")(given)

    def _listObjectVersions(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        newest = self.newest.pop(0) if len(self.newest) > 1 else self.newest[0]
        # Versions of another key that begins alike come first, unless this key has a version.
        key = given["Prefix"] if newest else f"{given['Prefix']}.old"
        return {"Versions": [{"Key": key, "VersionId": newest or "v0"}]}

    def _updateItem(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        values = {name: value["S"] for name, value in given.get("ExpressionAttributeValues", {}).items()}
        owner = self.item.get("Owner", {}).get("S")
        condition = given.get("ConditionExpression")
        alternatives = {"attribute_not_exists(#owner)": None} | {f"#owner = {name}": values[name] for name in values}
        if condition is not None and owner not in {alternatives[one] for one in condition.split(" OR ")}:
            raise _Error("DynamoDb.ConditionalCheckFailedException", "The conditional request failed")
        sets, _, removes = given["UpdateExpression"].partition("REMOVE")
        for assignment in filter(None, sets.removeprefix("SET ").split(",")):
            name, _, value = assignment.partition("=")
            self.item[name.strip().replace("#owner", "Owner")] = {"S": values[value.strip()]}
        for name in removes.replace("#owner", "Owner").split(","):
            self.item.pop(name.strip(), None)
        if removes and self.taker is not None:  # the answer is lost, and another execution takes the turn
            self.item["Owner"], self.taker = {"S": self.taker}, None
            raise _Error("DynamoDb.SdkClientException", "Unable to execute HTTP request: Read timed out")
        return {"Attributes": dict(self.item)}

    def _getItem(self, _: Any) -> Any:  # noqa: N802 - the name of the AWS action
        return {"Item": dict(self.item)} if self.item else {}

    def _describeExecution(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        statuses = self.executions.get(given["ExecutionArn"])
        if statuses is None:
            raise _Error("Sfn.ExecutionDoesNotExistException", "Execution does not exist")
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if status == "UNKNOWN":  # Step Functions is eventually consistent
            raise _Error("Sfn.ExecutionDoesNotExistException", "Execution does not exist")
        if status == "RELEASED":  # it ended well, and gave up its turn
            self.item.pop("Owner", None)
        return {"Status": "SUCCEEDED" if status == "RELEASED" else status}

    def _getParameter(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        return {"Parameter": {"Name": given["Name"], "Value": self.parameters[given["Name"]]}}

    def _putParameter(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        if self.refused_parameters.get(given["Name"]):
            self.refused_parameters[given["Name"]] -= 1
            raise _Error("Ssm.SsmException", "Standard tier parameters support a maximum of 4096 characters")
        self.calls.append(["put", given["Name"], given["Value"]])
        self.parameters[given["Name"]] = given["Value"]
        return {"Version": 1}

    def _describeStacks(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        name = given["StackName"]
        if self.lost_descriptions > 0 and self.first_lost < len(self.calls):
            self.lost_descriptions -= 1
            if self.refusal is not None:
                raise _Error("CloudFormation.CloudFormationException", self.refusal)
            raise _Error("CloudFormation.SdkClientException", "Unable to execute HTTP request: Read timed out")
        if self.refuses_all and self.first_lost < len(self.calls):
            raise _Error("CloudFormation.CloudFormationException", self.refusal)
        statuses = self.stacks.get(name)
        if statuses is None:
            raise _Error(
                "CloudFormation.CloudFormationException", f"Stack with id {name} does not exist (Status Code: 400)"
            )
        last_updated = self.last_updated.get(name)
        if self.stale.get(name):
            status, last_updated = self.stale[name].pop()
        else:
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            self.looks[name] = (status, last_updated)
        role = {} if name in self.without_role else {"RoleARN": "arn:aws:iam::111122223333:role/execution"}
        updated = {} if last_updated is None else {"LastUpdatedTime": last_updated}
        stack = {
            "StackName": name,
            **role,
            **updated,
            "StackStatus": status,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": parameter, "ResolvedValue": value}
                for key, (parameter, value) in zip(("One", "Two"), self.serving[name].items(), strict=True)
            ],
        }
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs.get(name, {}).items()]
        more = {"Outputs": outputs} if outputs else {}
        return {"Stacks": [{**stack, **more, "Capabilities": ["CAPABILITY_IAM"]}]}

    def _updateStack(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        name = given["StackName"]
        outcomes = self.updates.get(name, [])
        outcome = outcomes.pop(0) if outcomes else "ok"
        self.calls.append(["update", name, outcome])
        refusals = {
            "same": "No updates are to be performed.",
            "busy": f"Stack:{name} is in UPDATE_IN_PROGRESS state and can not be updated.",
            "refused": f"User is not authorized to perform cloudformation:UpdateStack on {name}",
            "throttled": "Rate exceeded",
        }
        if outcome == "unavailable":
            raise _Error("CloudFormation.CloudFormationException", "null (Service: CloudFormation, Status Code: 503)")
        if outcome in refusals:
            raise _Error(
                "CloudFormation.CloudFormationException",
                f"{refusals[outcome]} (Service: CloudFormation, Status Code: 400)",
            )
        if outcome == "lost":  # the update begins, but its answer does not arrive
            self.stacks[name] = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
            self.serving[name] = dict(self.parameters)
            raise _Error("CloudFormation.SdkClientException", "Unable to execute HTTP request: Read timed out")
        assert given["UsePreviousTemplate"] is True
        assert given["Parameters"] == [{"ParameterKey": key, "UsePreviousValue": True} for key in ("One", "Two")]
        assert given["Capabilities"] == ["CAPABILITY_IAM"]
        ends = {"ok": "UPDATE_COMPLETE", "back": "UPDATE_ROLLBACK_COMPLETE", "stuck": "UPDATE_ROLLBACK_FAILED"}
        self.stacks[name] = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", ends[outcome]]
        self.stale[name] = [self.looks[name]] * self.stale_looks
        self.last_updated[name] = f"2026-01-01T00:00:{len(self.calls):02}Z"
        if outcome == "ok":
            self.serving[name] = dict(self.parameters)
            self.outputs.update({name: self.next_outputs[name]} if name in self.next_outputs else {})
        return {"StackId": name}

    def _invoke(self, given: dict[str, Any]) -> Any:
        if self.is_reason_unknown:
            raise _Error("Lambda.TooManyRequestsException", "Rate exceeded")
        return {"Payload": {"reason": f"why {given['Payload']['stackName']} failed"}}

    def _putEvents(self, given: dict[str, Any]) -> Any:  # noqa: N802 - the name of the AWS action
        self.owner_when_told = self.item.get("Owner", {}).get("S")
        if self.lost_events:
            raise _Error("EventBridge.SdkClientException", "Unable to execute HTTP request: Read timed out")
        if self.refused_events > 0:
            self.refused_events -= 1
            return {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
        for entry in given["Entries"]:
            self.events.append(
                {"type": entry["DetailType"], "source": entry["Source"], "detail": json.loads(entry["Detail"])}
            )
        return {"FailedEntryCount": 0}


def run(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one execution to its end."""
    world = World(asked["world"])
    definition = json.dumps(asked["definition"])
    invalid = stepfunctions._validate_definition_jsonata(definition)
    assert invalid is None, invalid
    stepfunctions._invoke_resource = world.call
    stepfunctions._state_machines[_ARN] = {"name": "delivery", "definition": definition}
    execution: dict[str, Any] = {
        "executionArn": _ME,
        "stateMachineArn": _ARN,
        "name": "me",
        "status": "RUNNING",
        "input": json.dumps(asked["input"]),
        "startDate": "2026-01-01T00:00:00Z",
        "events": [],
    }
    stepfunctions._executions[_ME] = execution
    waits.clear()
    try:
        stepfunctions._run_execution(_ME)
    except _Interrupted:
        execution["status"] = "ABORTED"
    entered = [
        event["stateEnteredEventDetails"] for event in execution["events"] if event["type"].endswith("StateEntered")
    ]
    return {
        "status": execution["status"],
        "error": execution.get("error"),
        "cause": execution.get("cause"),
        "output": json.loads(execution.get("output") or "null"),
        "entered": [state["name"] for state in entered],
        "waited": sum(waits),
        "calls": world.calls,
        "events": world.events,
        "ownerWhenTold": world.owner_when_told,
        "item": world.item,
        "parameters": world.parameters,
        "serving": world.serving,
        "stacks": world.stacks,
    }


def main() -> None:
    """Run an execution for each line, without any wait."""
    stepfunctions._scaled_sleep = waits.append
    stepfunctions._emit_execution_status_event = lambda _: None
    time.sleep = lambda _: None
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
