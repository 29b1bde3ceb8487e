"""Lambda's concurrency: the account's limit, reservations and provisions, and what is refused over them."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from running import started
from support import function, invoke, unique
from test_cloudformation import code, deploy, function_resource, outputs_of, reasons, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from running import Running

# Says that it runs, and goes on once it may.
WAIT = """
import os, time, boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
starts = os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]

def handler(event, context):
    if not event:
        return starts
    s3.put_object(Bucket=event["bucket"], Key="running/" + context.aws_request_id, Body=b"")
    while s3.list_objects_v2(Bucket=event["bucket"], Prefix="go")["KeyCount"] == 0:
        time.sleep(0.05)
    return "done"
"""


@pytest.fixture(scope="module")
def new_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded AWS of an account with a limit of 2 executions."""
    with started(tmp_path_factory.mktemp("embedded-aws"), "--lambda-concurrency", "2") as running:
        yield running


class Waiting:
    """Invocations that run until they are let go."""

    def __init__(self, aws: Running) -> None:
        self._aws, self._bucket, self._threads = aws, unique("bucket"), []
        self.answers: list[Any] = []
        aws.client("s3").create_bucket(Bucket=self._bucket)

    def start(self, name: str, **settings: Any) -> None:
        def run() -> None:
            self.answers.append(invoke(self._aws, name, {"bucket": self._bucket}, **settings)[0])

        thread = threading.Thread(target=run)
        self._threads.append(thread)
        thread.start()
        s3 = self._aws.client("s3")
        while s3.list_objects_v2(Bucket=self._bucket, Prefix="running")["KeyCount"] < len(self._threads):
            assert thread.is_alive(), self.answers
            time.sleep(0.05)

    def finish(self) -> list[Any]:
        self._aws.client("s3").put_object(Bucket=self._bucket, Key="go", Body=b"")
        for thread in self._threads:
            thread.join()
        return self.answers


def refusal(aws: Running, name: str, **settings: Any) -> str:
    """The reason of a throttled invocation."""
    with pytest.raises(ClientError) as caught:
        invoke(aws, name, None, **settings)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
    return str(caught.value.response["Reason"])


def ready(aws: Running, name: str, qualifier: str) -> dict[str, Any]:
    client = aws.client("lambda")
    while True:
        state: dict[str, Any] = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
        if state["Status"] != "IN_PROGRESS":
            return state
        time.sleep(0.05)


def test_executions_over_the_accounts_limit_are_throttled_and_not_queued(new_account: Running) -> None:
    reserved, other = function(new_account, WAIT), function(new_account, WAIT)
    waiting = Waiting(new_account)
    waiting.start(reserved)
    waiting.start(other)

    assert refusal(new_account, reserved) == "ConcurrentInvocationLimitExceeded"
    limit = new_account.client("lambda").get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] == 2

    assert waiting.finish() == ["done", "done"]
    assert invoke(new_account, reserved, None) == ("on-demand", False)


def test_a_new_account_has_nothing_to_reserve_or_provision(new_account: Running) -> None:
    client, name = new_account.client("lambda"), function(new_account, WAIT)
    version = client.publish_version(FunctionName=name)["Version"]

    with pytest.raises(ClientError, match=r"UnreservedConcurrentExecution below its minimum value of \[2\]"):
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    with pytest.raises(ClientError, match=r"UnreservedConcurrentExecution below its minimum value of \[2\]"):
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1
        )


def test_all_versions_of_a_function_share_its_reservation(aws: Running) -> None:
    client, name = aws.client("lambda"), function(aws, WAIT)
    version = client.publish_version(FunctionName=name)["Version"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    waiting = Waiting(aws)
    waiting.start(name, Qualifier=version)

    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert refusal(aws, name) == reason
    assert refusal(aws, name, Qualifier=version) == reason
    assert waiting.finish() == ["done"]

    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert refusal(aws, name) == reason
    client.delete_function_concurrency(FunctionName=name)
    assert invoke(aws, name, None) == ("on-demand", False)


def test_a_reservation_leaves_a_hundred_to_the_other_functions(aws: Running) -> None:
    name = function(aws, WAIT)

    with pytest.raises(ClientError, match=r"below its minimum value of \[100\]"):
        aws.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=901)


def test_a_template_reserves_and_gives_back(aws: Running) -> None:
    stack, source = unique("stack"), code(aws, {"index.py": WAIT})

    def of(**properties: Any) -> dict[str, Any]:
        return {"Function": function_resource(aws, source, **properties)}

    assert deploy(aws, stack, of(ReservedConcurrentExecutions=3), Name={"Ref": "Function"}) == "CREATE_COMPLETE"
    name = outputs_of(aws, stack)["Name"]
    client = aws.client("lambda")
    assert client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3

    refused = deploy(aws, stack, of(ReservedConcurrentExecutions=2000), Name={"Ref": "Function"})
    assert refused == "UPDATE_ROLLBACK_COMPLETE"
    assert "below its minimum value of [100]" in reasons(aws, stack)

    assert deploy(aws, stack, of(), Name={"Ref": "Function"}) == "UPDATE_COMPLETE"
    assert "ReservedConcurrentExecutions" not in client.get_function_concurrency(FunctionName=name)


def test_provisioned_environments_start_in_advance_and_more_start_on_demand(aws: Running) -> None:
    client, name = aws.client("lambda"), function(aws, WAIT)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)

    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1)

    state = ready(aws, name, "live")
    assert (state["Status"], state["AvailableProvisionedConcurrentExecutions"]) == ("READY", 1)
    assert invoke(aws, name, None, Qualifier="live") == ("provisioned-concurrency", False)
    waiting = Waiting(aws)
    waiting.start(name, Qualifier="live")
    assert invoke(aws, name, None, Qualifier="live") == ("on-demand", False)
    assert waiting.finish() == ["done"]


def test_a_provision_says_why_its_environments_do_not_start(aws: Running) -> None:
    client, name = aws.client("lambda"), function(aws, "raise RuntimeError('no model')")
    version = client.publish_version(FunctionName=name)["Version"]

    client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=1)

    state = ready(aws, name, version)
    assert state["Status"] == "FAILED"
    assert "no model" in state["StatusReason"]


def test_a_provision_needs_a_version_and_fits_into_the_reservation(aws: Running) -> None:
    client, name = aws.client("lambda"), function(aws, WAIT)
    version = client.publish_version(FunctionName=name)["Version"]
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)

    with pytest.raises(ClientError, match="cannot be applied to unpublished function versions"):
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier="$LATEST", ProvisionedConcurrentExecutions=1
        )
    with pytest.raises(ClientError, match="should not be greater than the reservedConcurrentExecution"):
        client.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=version, ProvisionedConcurrentExecutions=2
        )


# Environments of the second version start once they may; with `broken`, they do not start.
SLOW = """
import os, time, boto3

number = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
if number != "1" and os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "provisioned-concurrency":
    s3 = boto3.client("s3")
    while s3.list_objects_v2(Bucket=os.environ["BUCKET"], Prefix="go")["KeyCount"] == 0:
        time.sleep(0.05)
    if os.environ["BROKEN"]:
        raise RuntimeError("no model")

def handler(event, context):
    return number
"""


class ProvisionedAlias:
    """A stack with an alias of one provisioned environment, which is at the first version of its function."""

    def __init__(self, aws: Running, broken: str = "") -> None:
        self._aws, self.stack, self._bucket = aws, unique("stack"), unique("bucket")
        aws.client("s3").create_bucket(Bucket=self._bucket)
        variables = {"BUCKET": self._bucket, "BROKEN": broken}
        self.name = function(aws, SLOW, Environment={"Variables": variables})
        client = aws.client("lambda")
        assert client.publish_version(FunctionName=self.name)["Version"] == "1"
        assert deploy(aws, self.stack, self._at("1")) == "CREATE_COMPLETE"
        client.update_function_configuration(FunctionName=self.name, Description="second")
        assert client.publish_version(FunctionName=self.name)["Version"] == "2"

    def begin(self) -> None:
        """Move it to the second version."""
        body = json.dumps({"Resources": self._at("2")})
        self._aws.client("cloudformation").update_stack(StackName=self.stack, TemplateBody=body)
        while self.alias()["FunctionVersion"] != "2":
            time.sleep(0.05)

    def finish(self) -> str:
        """Let the environments start, and return the stack's status."""
        self._aws.client("s3").put_object(Bucket=self._bucket, Key="go", Body=b"")
        return settled(self._aws, self.stack)

    def alias(self) -> dict[str, Any]:
        found: dict[str, Any] = self._aws.client("lambda").get_alias(FunctionName=self.name, Name="live")
        return found

    def ask(self) -> str:
        return str(invoke(self._aws, self.name, None, Qualifier="live")[0])

    def _at(self, version: str) -> dict[str, Any]:
        properties = {
            "FunctionName": self.name,
            "FunctionVersion": version,
            "Name": "live",
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1},
        }
        return {"Alias": {"Type": "AWS::Lambda::Alias", "Properties": properties}}


def test_an_alias_sends_requests_to_a_version_once_its_environments_are_ready(aws: Running) -> None:
    moved = ProvisionedAlias(aws)

    moved.begin()

    assert moved.alias()["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 1.0}}
    assert moved.ask() == "1"
    with pytest.raises(ClientError, match="Alias with weights can not be used with Provisioned Concurrency"):
        aws.client("lambda").put_provisioned_concurrency_config(
            FunctionName=moved.name, Qualifier="live", ProvisionedConcurrentExecutions=2
        )
    assert moved.finish() == "UPDATE_COMPLETE"
    assert "RoutingConfig" not in moved.alias()
    assert moved.ask() == "2"


def test_a_version_whose_environments_do_not_start_gets_no_request_and_fails_the_update(aws: Running) -> None:
    moved = ProvisionedAlias(aws, broken="yes")

    moved.begin()

    assert moved.finish() == "UPDATE_ROLLBACK_COMPLETE"
    assert "failed to be applied. Reason: FUNCTION_ERROR_INIT_FAILURE" in reasons(aws, moved.stack)
    assert moved.ask() == "1"
    assert "RoutingConfig" not in moved.alias()
