"""The event that says that a build has published a version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
from botocore.exceptions import ClientError
from model_builds import aws
from published_models import BUCKET, PREFIX
from refused_models import REFUSED, STACK_ID, A, B, key_of, schema

if TYPE_CHECKING:
    import pytest
    from refused_models import Deployments


def test_an_event_follows_its_schema_and_names_the_version(stack: Deployments) -> None:
    data = stack.deploy(A, 1)

    (event,) = stack.published
    detail = json.loads(event["Detail"])

    jsonschema.validate(detail, schema("published"))
    assert (event["Source"], event["DetailType"], event["Resources"]) == (
        "cdk-tensorflow",
        "ModelPublished",
        [STACK_ID],
    )
    assert (detail["modelName"], detail["modelPrefix"], detail["bucket"]) == ("digits", PREFIX, BUCKET)
    assert (detail["buildKey"], detail["version"], detail["format"]) == (key_of(A), "1", "litert")
    assert (detail["manifestKey"], detail["manifestSha256"]) == (data["ManifestKey"], data["ManifestSha256"])


def test_a_version_that_is_reused_is_not_published_again(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, 2)
    stack.deploy(A)

    assert [json.loads(event["Detail"])["version"] for event in stack.published] == ["1", "2"]


def test_a_refused_model_is_not_published(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    assert [json.loads(event["Detail"])["version"] for event in stack.published] == ["1"]


def test_a_bus_that_takes_no_event_does_not_fail_the_deployment(
    stack: Deployments, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def put_events(**_: Any) -> dict[str, Any]:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "PutEvents")

    monkeypatch.setattr(aws.events(), "put_events", put_events)

    assert stack.deploy(A, 1)["Version"] == "1"
    assert "the event ModelPublished could not be published: " in capsys.readouterr().out
