"""A published version must answer before callers are sent to it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from index import is_complete, on_event
from model_builds import aws
from model_builds.checks import version_check
from model_builds.errors import ModelError
from published_models import BUCKET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Clock
    from mypy_boto3_s3 import S3Client

VERSION = "arn:aws:lambda:eu-west-1:123456789012:function:digits:7"
SIGNATURE = {
    "outputs": {"scores": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "3"}]}}},
    "inputs": {
        "image": {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "2"}, {"size": "3"}]}},
        "flip": {"dtype": "DT_BOOL", "tensor_shape": {"dim": [{"size": "-1"}]}},
    },
}
METADATA = {"metadata": {"signature_def": {"signature_def": {"serving_default": SIGNATURE}}}}
ASKED = {
    "FunctionVersion": VERSION,
    "ModelName": "digits",
    "Hooked": "false",
    "EventBucket": "",
    "EventKey": "",
    "Bucket": BUCKET,
    "GoldenKey": "",
    "GoldenSha256": "",
}


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setattr(version_check.time, "sleep", lambda _seconds: None)
    with Stubber(version_check.functions()) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def event(method: str, path: str, body: Any = None) -> dict[str, Any]:
    text = None if body is None else json.dumps(body)
    context = {"http": {"method": method}, "versionCheck": True}
    return {"requestContext": context, "rawPath": path, "body": text, "isBase64Encoded": False}


def answers(function: Stubber, sent: Any, payload: Any, **more: Any) -> None:
    content = json.dumps(payload).encode()
    function.add_response(
        "invoke",
        {"Payload": StreamingBody(io.BytesIO(content), len(content)), "StatusCode": 200, **more},
        {"FunctionName": VERSION, "Payload": json.dumps(sent)},
    )


def http(status: int, body: Any) -> dict[str, Any]:
    return {"statusCode": status, "body": json.dumps(body)}


def described(function: Stubber) -> None:
    answers(function, event("GET", "/v1/models/digits/metadata"), http(200, METADATA))


def zeros() -> dict[str, Any]:
    inputs = {"image": [[[0, 0, 0], [0, 0, 0]]], "flip": [False]}
    return event("POST", "/v1/models/digits:predict", {"signature_name": "serving_default", "inputs": inputs})


def test_the_check_requests_metadata_and_zeros_of_every_signature(function: Stubber) -> None:
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    version_check.check_version(ASKED)


def test_a_model_that_cannot_compute_zeros_has_run(function: Stubber) -> None:
    described(function)
    answers(function, zeros(), http(400, {"error": "the model cannot compute these values"}))
    version_check.check_version(ASKED)


def test_a_version_that_fails_ends_the_deployment_with_its_reason(function: Stubber) -> None:
    described(function)
    answers(function, zeros(), http(500, {"error": "the function failed"}))
    with pytest.raises(ModelError, match=r"version 7 of the function does not answer \(500, the function failed\)"):
        version_check.check_version(ASKED)


@pytest.mark.fault
def test_a_version_that_does_not_start_shows_no_trace(function: Stubber) -> None:
    payload = {"errorType": "ModelError", "errorMessage": "cannot read model.json", "stackTrace": ["File x"]}
    answers(function, event("GET", "/v1/models/digits/metadata"), payload, FunctionError="Unhandled")
    with pytest.raises(ModelError, match=r"ModelError: cannot read model.json.*callers keep the version") as failure:
        version_check.check_version(ASKED)
    assert "File x" not in str(failure.value)


def test_without_golden_requests_the_log_says_so(function: Stubber, capsys: pytest.CaptureFixture[str]) -> None:
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    version_check.check_version(ASKED)
    assert (
        "without golden requests (rows too large, or answers that depend on earlier requests): zeros are sent instead"
        in capsys.readouterr().out
    )


def test_it_waits_for_a_policy_to_propagate_and_for_a_busy_account(function: Stubber) -> None:
    function.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")
    function.add_client_error("invoke", "AccessDeniedException", "not authorized")
    function.add_client_error("invoke", "ResourceConflictException", "Pending")
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    version_check.check_version(ASKED)


@pytest.mark.parametrize("code", ["SnapStartNotReadyException", "ResourceNotReadyException", "ServiceException"])
def test_it_waits_for_a_pending_snapshot_and_after_a_transient_failure(function: Stubber, code: str) -> None:
    function.add_client_error("invoke", code, "later", http_status_code=500 if code == "ServiceException" else 409)
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    version_check.check_version(ASKED)


def test_a_function_without_capacity_ends_the_deployment_with_the_setting_to_raise(
    function: Stubber, clock: Clock
) -> None:
    for _ in range(13):
        function.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")
    with pytest.raises(
        ModelError, match=r"version 7 .* no room .*Rate Exceeded.*: raise .*reservedConcurrentExecutions"
    ):
        version_check.check_version(ASKED)
    assert sum(clock.slept) == 60


def test_without_capacity_before_pods_change_the_account_s_limit_is_the_one_to_raise(
    function: Stubber, clock: Clock
) -> None:
    for _ in range(13):
        function.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")
    with pytest.raises(ModelError, match=r"version 3 of the model found no room .*: raise the account's concurrency"):
        version_check.check_version(ASKED | {"Endpoint": "service", "ModelVersion": "3"})


def created() -> dict[str, Any]:
    properties = ASKED | {"Mode": "version_check"}
    return {"RequestType": "Create", "StackId": "stack", "LogicalResourceId": "Check", "ResourceProperties": properties}


def busy(function: Stubber) -> None:
    for _ in range(13):
        function.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")


@pytest.mark.fault
def test_the_next_poll_retries_a_busy_account(function: Stubber, clock: Clock) -> None:
    busy(function)
    waiting = created() | on_event(created(), None)

    busy(function)
    assert is_complete(waiting, None) == {"IsComplete": False}
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    assert is_complete(waiting, None) == {"IsComplete": True}
    assert sum(clock.slept) == 120


def test_an_account_that_stays_busy_ends_the_deployment_with_the_setting_to_raise(
    function: Stubber, clock: Clock
) -> None:
    busy(function)
    waiting = created() | on_event(created(), None)
    clock.now += 600

    busy(function)
    with pytest.raises(ModelError, match=r"version 7 .* no room .*: raise .*reservedConcurrentExecutions"):
        is_complete(waiting, None)


def hooked(s3: S3Client, sent: dict[str, Any]) -> dict[str, Any]:
    s3.put_object(Bucket=BUCKET, Key="event.json", Body=json.dumps(sent).encode())
    return ASKED | {"Hooked": "true", "EventBucket": BUCKET, "EventKey": "event.json"}


def test_a_hook_gets_its_own_event_and_nothing_else(function: Stubber, s3: S3Client) -> None:
    described(function)
    answers(function, {"rows": [[1]]}, {"sums": [2]})
    version_check.check_version(hooked(s3, {"rows": [[1]]}))


def test_a_hook_gets_a_photograph(function: Stubber, s3: S3Client) -> None:
    photograph = {"requestContext": {}, "body": "A" * 2_000_000, "isBase64Encoded": True}
    described(function)
    answers(function, photograph, http(200, {"label": "cat"}))
    version_check.check_version(hooked(s3, photograph))


def test_it_waits_until_the_event_may_be_read(function: Stubber, clock: Clock) -> None:
    described(function)
    answers(function, {"rows": []}, {"sums": []})
    content = b'{"rows": []}'
    with Stubber(aws.s3()) as denied:
        denied.add_client_error("get_object", "AccessDenied", "not authorized")
        denied.add_response("get_object", {"Body": StreamingBody(io.BytesIO(content), len(content))})
        version_check.check_version(ASKED | {"Hooked": "true", "EventBucket": BUCKET, "EventKey": "event.json"})
    assert clock.slept == [5]


def test_a_hook_that_refuses_its_own_event_ends_the_deployment(function: Stubber, s3: S3Client) -> None:
    described(function)
    answers(function, {"rows": []}, {"error": "the batch is empty"})
    with pytest.raises(ModelError, match=r"does not answer \(the batch is empty\)"):
        version_check.check_version(hooked(s3, {"rows": []}))


def test_a_hook_without_an_event_must_start(function: Stubber) -> None:
    described(function)
    version_check.check_version(ASKED | {"Hooked": "true"})


def rolled_back(new: str, old: str, function: str = "digits") -> dict[str, Any]:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function"
    return {
        "RequestType": "Update",
        "PhysicalResourceId": "id",
        "ResourceProperties": ASKED | {"Mode": "version_check", "FunctionVersion": f"{arn}:digits:{new}"},
        "OldResourceProperties": ASKED | {"Mode": "version_check", "FunctionVersion": f"{arn}:{function}:{old}"},
    }


def test_a_rollback_sends_no_requests_so_that_none_can_end_it(
    function: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    assert on_event(rolled_back("7", "10"), None) == {"PhysicalResourceId": "id"}
    assert "function:digits:7 was asked before" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "other"), [("6", "digits"), ("7", "digits"), ("10", "letters")], ids=["a new", "the same", "another's"]
)
def test_an_update_sends_requests(function: Stubber, old: str, other: str) -> None:
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    on_event(rolled_back("7", old, other), None)


def test_an_update_of_what_a_delivery_says_alone_sends_no_requests(
    function: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    update = rolled_back("7", "7")
    update["ResourceProperties"] |= {"Serve": "built"}
    update["OldResourceProperties"] |= {"Serve": "[]"}
    assert on_event(update, None) == {"PhysicalResourceId": "id"}
    assert "function:digits:7 serves already" in capsys.readouterr().out


def test_it_waits_until_golden_requests_may_be_read(function: Stubber, s3: S3Client) -> None:
    described(function)
    with Stubber(aws.s3()) as denied:
        denied.add_client_error("list_objects_v2", "AccessDenied", "not authorized")
        denied.add_response("list_objects_v2", {})
        with pytest.raises(ModelError, match="does not hold the golden requests"):
            version_check.check_version(ASKED | {"GoldenKey": "digits/golden/1.json"})


def test_the_custom_resource_sends_requests_on_creation_and_not_on_deletion(function: Stubber) -> None:
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0]]}))
    request = {"StackId": "s", "LogicalResourceId": "r", "ResourceProperties": ASKED | {"Mode": "version_check"}}
    made = on_event(request | {"RequestType": "Create"}, None)
    assert on_event(request | {"RequestType": "Delete"}, None) == made
