"""The events of an endpoint: which version callers get, and which one was rolled back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from index import is_complete, on_event
from model_builds import aws
from refused_models import schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock

STACK_ID = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Endpoint/1234"
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "PutEvents")


def version(number: int) -> dict[str, str]:
    """Return what the event says of a version."""
    return {
        "bucket": "models",
        "version": str(number),
        "manifestKey": f"digits-0123abcd/litert/{number}/manifest.json",
        "manifestSha256": str(number) * 64,
    }


class Endpoint:
    """A stack with the two resources of one endpoint. Only the event bus and the stack's status are scripted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refusals: list[Exception] = []
        self.status = "CREATE_IN_PROGRESS"
        self.failure: Exception | None = None
        monkeypatch.setattr(aws.events(), "put_events", self._put_events)
        monkeypatch.setattr(aws.cloudformation(), "describe_stacks", self._describe)

    @property
    def told(self) -> list[tuple[str, dict[str, Any]]]:
        return [(entry["DetailType"], json.loads(entry["Detail"])) for entry in self.entries]

    def create(self, mode: str, number: int) -> None:
        self._request("Create", mode, number)

    def update(self, mode: str, old: int, new: int, *, request_id: str = "request", **changes: str) -> None:
        self._request("Update", mode, new, self._properties(mode, old), RequestId=request_id, **changes)

    def roll_back(self, mode: str, failed: int, old: int) -> None:
        self.status = "UPDATE_ROLLBACK_IN_PROGRESS"
        self.update(mode, failed, old)

    def delete(self, mode: str, number: int) -> None:
        self._request("Delete", mode, number)

    def _request(self, kind: str, mode: str, number: int, old: dict[str, str] | None = None, **more: str) -> None:
        event = {
            "RequestType": kind,
            "RequestId": "request",
            "StackId": STACK_ID,
            "LogicalResourceId": "Event",
            **({} if kind == "Create" else {"PhysicalResourceId": "id"}),
            "ResourceProperties": self._properties(mode, number)
            | ({"Path": more.pop("Path")} if "Path" in more else {}),
            **({} if old is None else {"OldResourceProperties": old}),
            **more,
        }
        answer = on_event(event, None)
        assert set(answer) == {"PhysicalResourceId"}
        assert kind == "Create" or answer["PhysicalResourceId"] == "id"
        assert is_complete(event | answer, None) == {"IsComplete": True}

    @staticmethod
    def _properties(mode: str, number: int) -> dict[str, str]:
        named = version(number)
        return {
            "Mode": mode,
            "Endpoint": "function",
            "Path": "Endpoint/Points",
            "ModelName": "points",
            "Bucket": named["bucket"],
            "Version": named["version"],
            "ManifestKey": named["manifestKey"],
            "ManifestSha256": named["manifestSha256"],
        }

    def _put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        if self.refusals:
            raise self.refusals.pop(0)
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{}]}

    def _describe(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
        assert StackName == STACK_ID
        if self.failure:
            raise self.failure
        return {"Stacks": [{"StackStatus": self.status}]}


FIRST, LAST = "rolled_back_event", "live_event"


@pytest.fixture
def endpoint(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Endpoint:
    del clock  # nothing sleeps
    return Endpoint(monkeypatch)


def test_a_first_deployment_says_what_is_live_and_that_nothing_was_before(endpoint: Endpoint) -> None:
    endpoint.create(FIRST, 1)
    assert endpoint.told == []
    endpoint.create(LAST, 1)

    ((kind, detail),) = endpoint.told
    jsonschema.validate(detail, schema("live"))
    assert (kind, endpoint.entries[0]["Source"], endpoint.entries[0]["Resources"]) == (
        "ModelLive",
        "cdk-tensorflow",
        [STACK_ID],
    )
    assert detail == {
        "schemaVersion": 1,
        "endpoint": "function",
        "path": "Endpoint/Points",
        "modelName": "points",
        "stackId": STACK_ID,
        "requestId": "request",
        "live": version(1),
        "before": None,
    }


def test_an_update_says_what_is_live_and_what_was_before_once(endpoint: Endpoint) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    endpoint.update(FIRST, 1, 2)
    endpoint.update(LAST, 1, 2)

    ((kind, detail),) = endpoint.told
    jsonschema.validate(detail, schema("live"))
    assert (kind, detail["live"], detail["before"]) == ("ModelLive", version(2), version(1))


def test_going_back_to_an_older_version_by_a_deployment_makes_that_one_live(endpoint: Endpoint) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    endpoint.update(FIRST, 2, 1)
    endpoint.update(LAST, 2, 1)

    assert [(kind, detail["live"]) for kind, detail in endpoint.told] == [("ModelLive", version(1))]


def test_an_update_that_failed_before_callers_got_the_version_says_what_was_rolled_back(endpoint: Endpoint) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    endpoint.update(FIRST, 1, 2)
    endpoint.roll_back(FIRST, 2, 1)

    ((kind, detail),) = endpoint.told
    jsonschema.validate(detail, schema("rolled_back"))
    assert (kind, detail["live"], detail["rolledBack"]) == ("ModelRolledBack", version(1), version(2))


def test_an_update_that_failed_after_callers_got_the_version_says_both_once(endpoint: Endpoint) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    endpoint.update(FIRST, 1, 2)
    endpoint.update(LAST, 1, 2)
    endpoint.roll_back(FIRST, 2, 1)
    endpoint.roll_back(LAST, 2, 1)

    assert [(kind, detail["live"]["version"]) for kind, detail in endpoint.told] == [
        ("ModelLive", "2"),
        ("ModelRolledBack", "1"),
    ]


@pytest.mark.parametrize("mode", [FIRST, LAST])
def test_a_change_of_something_else_and_a_deletion_are_no_events(endpoint: Endpoint, mode: str) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    endpoint.update(mode, 1, 1, Path="Endpoint/Moved")
    endpoint.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    endpoint.update(mode, 1, 1, Path="Endpoint/Moved")
    endpoint.status = "DELETE_IN_PROGRESS"
    endpoint.delete(mode, 1)

    assert endpoint.told == []


def test_a_change_that_is_asked_for_twice_is_recognized_by_its_request(endpoint: Endpoint) -> None:
    endpoint.status = "UPDATE_IN_PROGRESS"
    for request_id in ("one", "one", "another"):
        endpoint.update(LAST, 1, 2, request_id=request_id)

    assert [detail["requestId"] for _, detail in endpoint.told] == ["one", "one", "another"]


def test_a_permission_that_is_not_effective_yet_delays_the_event(endpoint: Endpoint) -> None:
    endpoint.refusals = [DENIED, DENIED]
    endpoint.create(LAST, 1)

    assert [kind for kind, _ in endpoint.told] == ["ModelLive"]


@pytest.mark.fault
def test_a_bus_that_takes_no_event_fails_no_deployment(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint.refusals = [DENIED] * 100
    endpoint.create(LAST, 1)
    endpoint.refusals = [EndpointConnectionError(endpoint_url="https://events")]
    endpoint.create(LAST, 1)

    assert endpoint.told == []
    said = [line for line in capsys.readouterr().out.splitlines() if "could not be published" in line]
    assert said[0] == "the event ModelLive could not be published: AccessDenied: not allowed"
    assert len(said) == 2


@pytest.mark.parametrize(
    "failure",
    [
        lambda: ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks"),
        lambda: EndpointConnectionError(endpoint_url="https://cloudformation"),
    ],
)
def test_a_stack_that_cannot_be_described_tells_of_no_rollback_and_fails_no_deployment(
    endpoint: Endpoint, failure: Callable[[], Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.failure = failure()
    endpoint.update(FIRST, 1, 2)
    endpoint.update(LAST, 1, 2)

    assert [(kind, detail["live"]) for kind, detail in endpoint.told] == [("ModelLive", version(2))]
    assert "the stack cannot be described, and is taken for one that does not roll back" in capsys.readouterr().out
