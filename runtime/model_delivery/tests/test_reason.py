"""The reason why the last update of a stack was rolled back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from model_delivery.reason import cloudformation, find_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

STACK_ID = "arn:aws:cloudformation:eu-west-1:111122223333:stack/Serving/1"
CANDIDATES = "no candidate passed the gate\ncandidate  status\nfloat16    rejected"


def event(logical_id: str, status: str, reason: str = "", kind: str = "Custom::TensorFlowModelBuild") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "EventId": f"{logical_id}-{status}",
        "StackName": "Serving",
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": f"{logical_id}-1",
        "ResourceType": kind,
        "Timestamp": 1_800_000_000,
        "ResourceStatus": status,
        **({"ResourceStatusReason": reason} if reason else {}),
    }


def stack(status: str, reason: str = "") -> dict[str, Any]:
    return event("Serving", status, reason, "AWS::CloudFormation::Stack") | {"PhysicalResourceId": STACK_ID}


@pytest.fixture
def answers() -> Iterator[Stubber]:
    with Stubber(cloudformation()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def page(answers: Stubber, *newest_first: dict[str, Any], token: str = "", after: str = "") -> None:
    asked = {"StackName": "Serving"} | ({"NextToken": after} if after else {})
    answers.add_response(
        "describe_stack_events",
        {"StackEvents": list(newest_first)} | ({"NextToken": token} if token else {}),
        asked,
    )


def reason() -> str:
    return find_reason({"stackName": "Serving"}, None)["reason"]


def test_it_is_what_the_first_failed_resource_said(answers: Stubber) -> None:
    page(
        answers,
        stack("UPDATE_ROLLBACK_COMPLETE"),
        event("DigitsAlias", "UPDATE_FAILED", "the alias failed later"),
        event("DigitsBuild", "UPDATE_FAILED", CANDIDATES),
        event("DigitsBuild", "UPDATE_IN_PROGRESS"),
        stack("UPDATE_IN_PROGRESS", "User Initiated"),
        event("DigitsBuild", "UPDATE_FAILED", "of an update before"),
    )

    assert reason() == f"DigitsBuild (Custom::TensorFlowModelBuild) failed: {CANDIDATES}"


def test_resources_that_were_cancelled_because_of_it_do_not_count(answers: Stubber) -> None:
    page(
        answers,
        event("Other", "UPDATE_FAILED", "Resource update cancelled"),
        event("DigitsBuild", "UPDATE_FAILED", "the training was cancelled by its author"),
        event("Another", "CREATE_FAILED", "Resource creation cancelled"),
        stack("UPDATE_IN_PROGRESS"),
    )

    assert "the training was cancelled by its author" in reason()


def test_it_may_be_on_a_later_page(answers: Stubber) -> None:
    page(answers, stack("UPDATE_ROLLBACK_COMPLETE"), token="2")
    page(answers, event("DigitsBuild", "UPDATE_FAILED", "why"), stack("UPDATE_IN_PROGRESS"), after="2")

    assert reason().endswith("failed: why")


def test_a_nested_stack_is_a_resource_whose_update_is_not_that_of_the_stack(answers: Stubber) -> None:
    kind = "AWS::CloudFormation::Stack"
    page(
        answers,
        event("Nested", "UPDATE_IN_PROGRESS", kind=kind),
        event("Other", "UPDATE_FAILED", kind=kind),
        event("Nested", "UPDATE_IN_PROGRESS", kind=kind),
        event("DigitsBuild", "UPDATE_IN_PROGRESS"),
        stack("UPDATE_IN_PROGRESS"),
    )

    assert reason() == "Other (AWS::CloudFormation::Stack) failed: it gave no reason"


def test_a_stack_that_does_not_say_it_is_named(answers: Stubber) -> None:
    page(answers, stack("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated"), stack("UPDATE_IN_PROGRESS"))

    assert reason() == "the update of the stack Serving was rolled back, and its events do not say why"


def test_a_long_reason_is_cut(answers: Stubber) -> None:
    page(answers, event("DigitsBuild", "UPDATE_FAILED", "x" * 9_000), stack("UPDATE_IN_PROGRESS"))

    assert len(reason()) == 4_000


def test_an_error_of_cloudformation_is_the_functions_own(answers: Stubber) -> None:
    answers.add_client_error("describe_stack_events", "Throttling", "Rate exceeded")

    with pytest.raises(ClientError, match="Rate exceeded"):
        reason()
