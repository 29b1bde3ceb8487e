"""The event, the metric and the resource's attribute of a refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from botocore.exceptions import ClientError
from model_builds import aws
from published_models import PREFIX, PROJECT
from refused_models import REASON, REFUSED, STACK_ID, A, B, C, key_of, metric_lines, schema

if TYPE_CHECKING:
    from refused_models import Deployments


def test_an_event_follows_its_schema_and_has_the_candidates(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    (event,) = stack.events
    detail = json.loads(event["Detail"])

    jsonschema.validate(detail, schema("event"))
    assert (event["Source"], event["DetailType"], event["Resources"]) == (
        "cdk-tensorflow",
        "ModelRefused",
        [STACK_ID],
    )
    assert (detail["modelName"], detail["modelPrefix"], detail["buildKey"]) == ("digits", PREFIX, key_of(B))
    assert detail["reason"] == REASON
    assert "float16" in detail["message"]
    assert detail["kept"]["manifestKey"] == f"{PREFIX}/litert/1/manifest.json"


def test_a_metric_counts_each_refusal_of_a_project(stack: Deployments, capsys: pytest.CaptureFixture[str]) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)

    (line,) = metric_lines(capsys.readouterr().out)

    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "CdkTensorFlow"
    assert directive["Dimensions"] == [["ProjectName", "ModelName"]]
    assert directive["Metrics"] == [{"Name": "RefusedModels", "Unit": "Count"}]
    assert (line["ProjectName"], line["ModelName"], line["RefusedModels"]) == (PROJECT, "digits", 1)


def test_a_refusal_is_reported_once_if_nothing_new_was_refused(stack: Deployments) -> None:
    stack.deploy(A, 1)
    stack.deploy(B, REFUSED)
    stack.deploy(B | {"Note": "of something else"})
    stack.deploy_and_roll_back(C, 2)

    assert len(stack.events) == 1


@pytest.mark.fault
@pytest.mark.parametrize("answer", ["denied", "failed"])
def test_a_bus_that_takes_no_event_does_not_fail_the_deployment(
    stack: Deployments,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
) -> None:
    def put_events(**_: Any) -> dict[str, Any]:
        if answer == "denied":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not allowed"}}, "PutEvents")
        return {"FailedEntryCount": 1, "Entries": [{"ErrorMessage": "not allowed"}]}

    monkeypatch.setattr(aws.events(), "put_events", put_events)
    stack.deploy(A, 1)

    assert stack.deploy(B, REFUSED)["Version"] == "1"
    assert "the event ModelRefused could not be published: " in capsys.readouterr().out


def test_a_long_reason_is_cut_so_that_cloudformation_takes_the_answer(stack: Deployments) -> None:
    stack.deploy(A, 1)

    kept = stack.deploy(B, REFUSED | {"sentence": "ü" * 5000})

    assert len(kept["Refusal"].encode()) <= 500
    assert kept["Refusal"].endswith("/report.html")
    assert len(json.dumps(kept, ensure_ascii=False).encode()) <= 3000
