"""Parameters that CloudFormation creates and deletes, and never writes again."""

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cdk_tensorflow_shared import cloudformation_response
from model_delivery import parameters
from model_delivery.parameters import keep_parameter, ssm

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "/cdk-tensorflow/Delivery/source"


class Clock:
    """Passes only while somebody sleeps."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class CloudFormation:
    """Takes the answers at an address, as CloudFormation does.

    Attributes:
        answers: What arrived.
        failures: How many requests fail before one is taken.
    """

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.failures = 0
        taker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                taker.failures -= 1
                if taker.failures >= 0:
                    self.send_error(503)
                    return
                assert self.headers["content-type"] == ""
                taker.answers.append(json.loads(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)

    def ask(self, request: str, name: str = NAME, **more: Any) -> dict[str, Any]:
        keep_parameter(
            {
                "RequestType": request,
                "RequestId": "1",
                "StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/Delivery/1",
                "LogicalResourceId": "Source",
                "ResponseURL": f"http://127.0.0.1:{self.server.server_port}/",
                "ResourceProperties": {"Name": name, "Value": "none", "Description": "What to build"},
                **more,
            },
            None,
        )
        return self.answers[-1]


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudFormation]:
    monkeypatch.setattr(cloudformation_response, "time", Clock())
    monkeypatch.setattr(parameters, "time", Clock())
    taker = CloudFormation()
    thread = threading.Thread(target=taker.server.serve_forever)
    thread.start()
    yield taker
    taker.server.shutdown()
    thread.join()
    taker.server.server_close()


def value(name: str = NAME) -> str | None:
    try:
        return str(ssm().get_parameter(Name=name)["Parameter"]["Value"])
    except ClientError:
        return None


def test_a_parameter_is_created_with_its_first_value(cloudformation: CloudFormation) -> None:
    answer = cloudformation.ask("Create")

    assert (answer["Status"], answer["PhysicalResourceId"], answer["LogicalResourceId"]) == ("SUCCESS", NAME, "Source")
    assert value() == "none"


@pytest.mark.fault
@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_neither_a_second_creation_nor_an_update_writes_over_what_was_delivered(
    cloudformation: CloudFormation, request_type: str
) -> None:
    cloudformation.ask("Create")
    ssm().put_parameter(Name=NAME, Value="version-7", Overwrite=True)

    assert cloudformation.ask(request_type, PhysicalResourceId=NAME)["Status"] == "SUCCESS"
    assert value() == "version-7"


def test_another_name_is_another_parameter_and_cloudformation_deletes_the_old_one(
    cloudformation: CloudFormation,
) -> None:
    cloudformation.ask("Create")

    answer = cloudformation.ask("Update", name="/other", PhysicalResourceId=NAME)
    assert answer["PhysicalResourceId"] == "/other"
    cloudformation.ask("Delete", PhysicalResourceId=NAME)

    assert (value(), value("/other")) == (None, "none")


MOVED = {"LogicalResourceId": "ModelsSource"}
RENAMED = {"StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/Models/2"}


@pytest.mark.fault
@pytest.mark.parametrize("new", [MOVED, RENAMED])
@pytest.mark.parametrize("has_tags", [True, False])
def test_a_parameter_stays_when_the_resource_of_before_is_deleted(
    cloudformation: CloudFormation, new: dict[str, str], has_tags: bool
) -> None:
    if has_tags:
        cloudformation.ask("Create")
        ssm().put_parameter(Name=NAME, Value="version-7", Overwrite=True)
    else:  # by the library before it had tags
        ssm().put_parameter(Name=NAME, Value="version-7", Type="String")

    cloudformation.ask("Create", **new)
    assert cloudformation.ask("Delete", PhysicalResourceId=NAME)["Status"] == "SUCCESS"
    assert value() == "version-7"

    cloudformation.ask("Delete", PhysicalResourceId=NAME, **new)
    assert value() is None


@pytest.mark.fault
@pytest.mark.parametrize("has_tags", [True, False])
def test_a_parameter_stays_when_the_resource_that_took_it_over_is_deleted(
    cloudformation: CloudFormation, has_tags: bool
) -> None:
    if has_tags:
        cloudformation.ask("Create")
    else:
        ssm().put_parameter(Name=NAME, Value="none", Type="String")
    for _ in range(2):
        cloudformation.ask("Create", **MOVED)
        assert cloudformation.ask("Delete", PhysicalResourceId=NAME, **MOVED)["Status"] == "SUCCESS"
        assert value() == "none"

    cloudformation.ask("Delete", PhysicalResourceId=NAME)
    assert value() is None


def test_a_parameter_of_a_third_owner_stays_and_keeps_its_tags(cloudformation: CloudFormation) -> None:
    """An owner that is none of the two resources, or no id at all, because somebody has edited the tag."""
    for other in ("0" * 32, "Models"):
        cloudformation.ask("Create")
        cloudformation.ask("Create", **MOVED)
        ssm().add_tags_to_resource(
            ResourceType="Parameter", ResourceId=NAME, Tags=[{"Key": parameters.OWNER, "Value": other}]
        )
        before = tags()

        for resource in ({}, MOVED):
            assert cloudformation.ask("Delete", PhysicalResourceId=NAME, **resource)["Status"] == "SUCCESS"
            assert value() == "none"
            assert tags()[parameters.OWNER] == other
        assert tags().keys() == before.keys()
        ssm().delete_parameter(Name=NAME)


def test_the_resource_of_before_gives_up_its_claim_and_nothing_else(cloudformation: CloudFormation) -> None:
    cloudformation.ask("Create")
    cloudformation.ask("Create", **MOVED)
    owner = tags()[parameters.OWNER]

    cloudformation.ask("Delete", PhysicalResourceId=NAME)

    assert tags() == {parameters.OWNER: owner, parameters.OWNER_BEFORE: ""}


def tags() -> dict[str, str]:
    found = ssm().list_tags_for_resource(ResourceType="Parameter", ResourceId=NAME)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in found}


def test_an_update_takes_no_parameter_back(cloudformation: CloudFormation) -> None:
    cloudformation.ask("Create")
    cloudformation.ask("Create", **MOVED)

    cloudformation.ask("Update", PhysicalResourceId=NAME)
    cloudformation.ask("Delete", PhysicalResourceId=NAME)

    assert value() == "none"


def test_a_parameter_that_was_created_twice_is_deleted(cloudformation: CloudFormation) -> None:
    cloudformation.ask("Create")
    cloudformation.ask("Create")
    cloudformation.ask("Delete", PhysicalResourceId=NAME)

    assert value() is None


@pytest.mark.parametrize("physical_id", [NAME, "Delivery-Source-1ABC"])
def test_the_deletion_of_a_parameter_that_is_not_there_succeeds(
    cloudformation: CloudFormation, physical_id: str
) -> None:
    assert cloudformation.ask("Delete", PhysicalResourceId=physical_id)["Status"] == "SUCCESS"


@pytest.mark.parametrize(("physical_id", "status"), [("Delivery-Source-1ABC", "SUCCESS"), (NAME, "FAILED")])
def test_the_role_may_not_delete_what_cloudformation_named_itself_and_that_is_nothing(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch, physical_id: str, status: str
) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "DeleteParameter")

    monkeypatch.setattr(ssm(), "list_tags_for_resource", refuse)

    assert cloudformation.ask("Delete", PhysicalResourceId=physical_id)["Status"] == status


@pytest.mark.fault
def test_a_refusal_of_a_new_role_passes(cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch) -> None:
    put, refusals = ssm().put_parameter, 3

    def refuse_at_first(**given: Any) -> Any:
        nonlocal refusals
        refusals -= 1
        if refusals >= 0:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "PutParameter")
        return put(**given)

    monkeypatch.setattr(ssm(), "put_parameter", refuse_at_first)

    assert cloudformation.ask("Create")["Status"] == "SUCCESS"
    assert value() == "none"


def test_a_refusal_of_aws_fails_the_resource_with_its_words(
    cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}, "PutParameter")

    def refuse(**_: Any) -> None:
        raise refusal

    monkeypatch.setattr(ssm(), "put_parameter", refuse)

    answer = cloudformation.ask("Create")

    assert answer["Status"] == "FAILED"
    assert f"the parameter {NAME} could not be created" in answer["Reason"]
    assert "not authorized" in answer["Reason"]


def test_a_deletion_that_is_refused_fails(cloudformation: CloudFormation, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://ssm")

    cloudformation.ask("Create")
    monkeypatch.setattr(ssm(), "delete_parameter", refuse)

    answer = cloudformation.ask("Delete", PhysicalResourceId=NAME)

    assert answer["Status"] == "FAILED"
    assert f"the parameter {NAME} could not be deleted" in answer["Reason"]


@pytest.mark.fault
def test_a_fault_of_its_own_is_answered_too(cloudformation: CloudFormation) -> None:
    answer = cloudformation.ask("Create", ResourceProperties={"Name": NAME})

    assert answer["Status"] == "FAILED"
    assert "KeyError('Value')" in answer["Reason"]


@pytest.mark.fault
def test_an_answer_that_does_not_arrive_is_sent_again(cloudformation: CloudFormation) -> None:
    cloudformation.failures = 2

    assert cloudformation.ask("Create")["Status"] == "SUCCESS"


def test_an_answer_that_never_arrives_ends_the_function(cloudformation: CloudFormation) -> None:
    cloudformation.failures = 9

    with pytest.raises(OSError, match="503"):
        cloudformation.ask("Create")
