"""The recipes in front of a function: their code, with the function's own handler behind it."""

from __future__ import annotations

import importlib
import json
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from model_server import events
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from model_server import Model

RECIPES = Path(__file__).parents[3] / "examples" / "recipes" / "batch"
GOOD = [[1.0, 2.0], [3.0, 4.0]]


class Function:
    """Lambda's client, as far as the recipes use it: invokes the handler."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.asked: list[Any] = []
        self.broken = False

    def invoke(self, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert FunctionName == "arn:live"
        self.asked.append(json.loads(Payload))
        if self.broken:
            return {"FunctionError": "Unhandled", "Payload": BytesIO(b'{"errorMessage": "timed out"}')}
        return {"Payload": BytesIO(json.dumps(events.answer(self.model, self.asked[-1])).encode())}


@pytest.fixture
def function(load_model: Callable[..., Model], monkeypatch: pytest.MonkeyPatch) -> Iterator[Function]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "MODEL_FUNCTION": "arn:live",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(RECIPES))
    with mock_aws():
        function = Function(load_model("signatures"))
        monkeypatch.setattr(importlib.import_module("model"), "_LAMBDA", function)
        yield function
        for name in ("model", "messages", "objects"):
            sys.modules.pop(name, None)


class TestMessages:
    @pytest.fixture
    def answers(self, function: Function, monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
        sqs = boto3.client("sqs")
        url = sqs.create_queue(QueueName="answers")["QueueUrl"]
        monkeypatch.setenv("ANSWERS", url)

        def read() -> dict[str, Any]:
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            return {
                message["MessageAttributes"]["request"]["StringValue"]: json.loads(message["Body"])
                for message in found.get("Messages", [])
            }

        return read

    @staticmethod
    def handle(*bodies: str) -> list[str]:
        records = [
            {
                "messageId": f"id-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:requests",
                "awsRegion": "eu-west-1",
            }
            for number, body in enumerate(bodies)
        ]
        answer = importlib.import_module("messages").handler({"Records": records}, None)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def test_a_batch_is_one_request_and_each_message_gets_its_prediction(
        self, function: Function, answers: Callable[[], dict[str, Any]]
    ) -> None:
        assert self.handle(*map(json.dumps, GOOD)) == []
        assert function.asked == [{"instances": GOOD}]
        assert answers() == {"id-0": [2.0, 4.0], "id-1": [6.0, 8.0]}

    def test_a_message_that_the_model_refuses_fails_alone(
        self, function: Function, answers: Callable[[], dict[str, Any]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.handle("[1, 2]", "[1, 2, 3]", "[3, 4]") == ["id-1"]
        assert answers() == {"id-0": [2.0, 4.0], "id-2": [6.0, 8.0]}
        assert "message id-1 is refused: " in capsys.readouterr().out

    @pytest.mark.fault
    def test_a_message_that_is_not_json_fails_alone(
        self, function: Function, answers: Callable[[], dict[str, Any]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.handle("[1, 2]", "{") == ["id-1"]
        assert function.asked == [{"instances": [[1, 2]]}]
        assert list(answers()) == ["id-0"]
        assert "message id-1 is not JSON" in capsys.readouterr().out

    def test_a_batch_of_only_bad_messages_calls_no_function_and_sends_nothing(
        self, function: Function, answers: Callable[[], dict[str, Any]]
    ) -> None:
        assert self.handle("{", "") == ["id-0", "id-1"]
        assert (function.asked, answers()) == ([], {})

    @pytest.mark.fault
    def test_if_the_function_fails_the_whole_batch_is_retried(
        self, function: Function, answers: Callable[[], dict[str, Any]]
    ) -> None:
        function.broken = True
        with pytest.raises(RuntimeError, match="the model's function failed: timed out"):
            self.handle("[1, 2]")
        assert answers() == {}


class TestObjects:
    @pytest.fixture
    def s3(self, function: Function) -> Any:
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="photos", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        return s3

    @staticmethod
    def handle(s3: Any, content: bytes) -> dict[str, Any]:
        s3.put_object(Bucket="photos", Key="requests/a b.json", Body=content)
        record = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "eu-west-1",
            "eventTime": "2026-11-24T00:00:00.000Z",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": "photos", "arn": "arn:aws:s3:::photos"},
                "object": {"key": "requests/a+b.json", "size": len(content), "sequencer": "0055AED6DCD90281E5"},
            },
        }
        importlib.import_module("objects").handler({"Records": [record]}, None)
        answer: dict[str, Any] = json.loads(s3.get_object(Bucket="photos", Key="answers/a b.json")["Body"].read())
        return answer

    def test_an_object_gets_its_answer_next_to_it(self, s3: Any) -> None:
        assert self.handle(s3, json.dumps({"instances": GOOD}).encode()) == {"predictions": [[2.0, 4.0], [6.0, 8.0]]}

    def test_a_request_that_the_model_refuses_is_answered_with_the_reason(self, s3: Any) -> None:
        assert list(self.handle(s3, b'{"instances": [[1]]}')) == ["error"]

    def test_an_object_that_is_not_json_is_answered_with_the_reason(self, s3: Any, function: Function) -> None:
        assert self.handle(s3, b"{")["error"].startswith("the object is not JSON: ")
        assert function.asked == []

    def test_an_object_too_large_for_lambda_is_answered_with_the_reason(self, s3: Any, function: Function) -> None:
        assert "split it" in self.handle(s3, b" " * ((6 << 20) + 1))["error"]
        assert function.asked == []

    def test_if_the_function_fails_lambda_tries_again(self, s3: Any, function: Function) -> None:
        function.broken = True
        with pytest.raises(RuntimeError, match="the model's function failed"):
            self.handle(s3, b'{"instances": [[1, 2]]}')

    def test_the_test_event_of_a_new_notification_is_ignored(self, s3: Any) -> None:
        importlib.import_module("objects").handler({"Service": "Amazon S3", "Event": "s3:TestEvent"}, None)
        assert "Contents" not in s3.list_objects_v2(Bucket="photos")
