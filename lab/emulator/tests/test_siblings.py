"""CloudFormation: custom resources in progress together, and what becomes of them when one fails."""

from __future__ import annotations

import json
import queue
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from support import function, unique
from test_cloudformation import deploy, outputs_of, reasons, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

RELAY = """
import json, urllib.request

def handler(event, _):
    urllib.request.urlopen(event["ResourceProperties"]["Relay"], json.dumps(event).encode()).read()
"""


class Provider:
    """Gets what CloudFormation asks of custom resources, and answers when the test wants it."""

    def __init__(self, aws: Running, address: str) -> None:
        self.aws, self.name, self.events = aws, unique("stack"), queue.Queue[dict[str, Any]]()
        self.address, self.arn = address, f"arn:aws:lambda:us-east-1:123456789012:function:{function(aws, RELAY)}"

    def resource(self, depends_on: str | None = None, **properties: Any) -> dict[str, Any]:
        about = {"ServiceToken": self.arn, "Relay": self.address, **properties}
        return {"Type": "Custom::Thing", "Properties": about, **({"DependsOn": depends_on} if depends_on else {})}

    def deploying(self, resources: dict[str, Any], **outputs: Any) -> threading.Thread:
        thread = threading.Thread(target=deploy, args=(self.aws, self.name, resources), kwargs=outputs, daemon=True)
        thread.start()
        return thread

    def next(self, kind: str) -> dict[str, Any]:
        event = self.events.get(timeout=120)
        assert event["RequestType"] == kind
        return event

    def both(self, kind: str) -> dict[str, dict[str, Any]]:
        """The next two events, by logical id."""
        return {event["LogicalResourceId"]: event for event in (self.next(kind), self.next(kind))}

    def answer(self, event: dict[str, Any], status: str = "SUCCESS", **more: Any) -> None:
        response = {
            "Status": status,
            "PhysicalResourceId": event.get("PhysicalResourceId", f"made-{event['LogicalResourceId']}"),
            **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
            **more,
        }
        request = urllib.request.Request(event["ResponseURL"], json.dumps(response).encode(), method="PUT")
        urllib.request.urlopen(request).read()

    def stack_events(self, logical_id: str) -> list[tuple[str, str]]:
        """Status and reason of a resource's events, the first one first."""
        found = self.aws.client("cloudformation").describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(found)
            if event["LogicalResourceId"] == logical_id
        ]


@pytest.fixture
def provider(aws: Running) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            provider.events.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider = Provider(aws, f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()
    server.server_close()


def test_independent_resources_are_created_at_the_same_time(provider: Provider) -> None:
    dependent = provider.resource(Value={"Fn::GetAtt": ["First", "Answer"]})
    thread = provider.deploying({"First": provider.resource(), "Second": provider.resource(), "Third": dependent})
    asked = provider.both("Create")
    assert set(asked) == {"First", "Second"}

    provider.answer(asked["Second"])
    provider.answer(asked["First"], Data={"Answer": "42"})
    third = provider.next("Create")
    assert third["ResourceProperties"]["Value"] == "42"
    provider.answer(third)

    thread.join()
    assert settled(provider.aws, provider.name) == "CREATE_COMPLETE"
    for name in ("First", "Second", "Third"):
        assert provider.stack_events(name) == [("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", "")]


@pytest.mark.parametrize("failing", ["First", "Second"])
def test_a_creation_that_fails_cancels_its_siblings_which_are_deleted_while_they_run(
    provider: Provider, failing: str
) -> None:
    thread = provider.deploying({"First": provider.resource(), "Second": provider.resource()})
    asked = provider.both("Create")
    sibling = next(name for name in asked if name != failing)

    provider.answer(asked[failing], "FAILED", Reason="broken")
    deletion = provider.next("Delete")  # nobody has answered the creation
    assert deletion["LogicalResourceId"] == sibling
    assert deletion["PhysicalResourceId"].startswith(f"{provider.name}-{sibling}-")
    provider.answer(deletion)

    thread.join()
    assert settled(provider.aws, provider.name) == "ROLLBACK_COMPLETE"
    assert provider.stack_events(sibling)[:2] == [
        ("CREATE_IN_PROGRESS", ""),
        ("CREATE_FAILED", "Resource creation cancelled"),
    ]
    assert ("CREATE_FAILED", "broken") in provider.stack_events(failing)
    begun = dict(provider.stack_events(provider.name))["ROLLBACK_IN_PROGRESS"]
    assert failing in begun
    assert sibling in begun
    provider.answer(asked[sibling])  # too late: nothing happens
    assert settled(provider.aws, provider.name) == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize("failing", ["First", "Second"])
def test_an_update_that_fails_cancels_its_siblings_and_both_go_back(provider: Provider, failing: str) -> None:
    def resources(value: str) -> dict[str, Any]:
        return {name: provider.resource(Value=value) for name in ("First", "Second")}

    thread = provider.deploying(resources("old"))
    for event in provider.both("Create").values():
        provider.answer(event)
    thread.join()

    thread = provider.deploying(resources("new"))
    asked = provider.both("Update")
    sibling = next(name for name in asked if name != failing)
    provider.answer(asked[failing], "FAILED", Reason="broken")
    for _ in asked:
        back = provider.next("Update")
        assert back["ResourceProperties"]["Value"] == "old"
        assert back["PhysicalResourceId"] == f"made-{back['LogicalResourceId']}"
        provider.answer(back)

    thread.join()
    assert settled(provider.aws, provider.name) == "UPDATE_ROLLBACK_COMPLETE"
    assert ("UPDATE_FAILED", "Resource update cancelled") in provider.stack_events(sibling)
    assert ("UPDATE_FAILED", "broken") in provider.stack_events(failing)


def test_without_rollback_a_cancelled_resource_is_deleted_with_the_stack(provider: Provider) -> None:
    client = provider.aws.client("cloudformation")
    body = json.dumps({"Resources": {"First": provider.resource(), "Second": provider.resource()}})
    client.create_stack(StackName=provider.name, TemplateBody=body, DisableRollback=True)
    provider.answer(provider.both("Create")["Second"], "FAILED", Reason="broken")
    assert settled(provider.aws, provider.name) == "CREATE_FAILED"
    assert "Resource creation cancelled" in reasons(provider.aws, provider.name)

    stack = client.describe_stacks(StackName=provider.name)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=provider.name)
    deletion = provider.next("Delete")
    assert deletion["LogicalResourceId"] == "First"
    provider.answer(deletion)
    assert settled(provider.aws, stack) == "DELETE_COMPLETE"


def test_unchanged_resources_are_not_updated(provider: Provider) -> None:
    thread = provider.deploying({"First": provider.resource(Value="1"), "Second": provider.resource(Value="1")})
    for event in provider.both("Create").values():
        provider.answer(event)
    thread.join()

    resources = {"First": provider.resource(Value="1"), "Second": provider.resource(Value="2")}
    thread = provider.deploying(resources, Second={"Ref": "Second"})
    event = provider.next("Update")
    assert event["LogicalResourceId"] == "Second"
    provider.answer(event)
    thread.join()
    assert settled(provider.aws, provider.name) == "UPDATE_COMPLETE"
    assert outputs_of(provider.aws, provider.name) == {"Second": "made-Second"}
    assert provider.events.empty()
