"""Events of queues, streams and rules: their invocations fail, because their sources take an answer for a success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from model_server import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

SOURCES: list[tuple[Any, str]] = [
    ({"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]}, "aws:sqs"),
    ({"Records": [{"kinesis": {"data": "e30="}, "eventSource": "aws:kinesis"}]}, "aws:kinesis"),
    ({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}, "aws:sns"),
    ({"invocationSchemaVersion": "1.0", "job": {}, "tasks": [{"taskId": "1"}]}, "aws:s3-batch"),
    ({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}, "aws.events"),
    ({"eventSource": "aws:kafka", "records": {"t-0": [{"value": "e30="}]}}, "aws:kafka"),
    ({"eventSource": "SelfManagedKafka", "records": {"t-0": []}}, "SelfManagedKafka"),
    ({"eventSource": "aws:mq", "messages": [{"data": "e30="}]}, "aws:mq"),
    ({"eventSource": "aws:rmq", "rmqMessagesByQueue": {"q::/": [{"data": "e30="}]}}, "aws:rmq"),
    ({"eventSource": "aws:docdb", "events": [{"event": {"operationType": "insert"}}]}, "aws:docdb"),
    (
        {"invocationId": "1", "deliveryStreamArn": "a", "records": [{"recordId": "1", "data": "e30="}]},
        "aws:firehose",
    ),
    ({"awslogs": {"data": "H4sI"}}, "aws:logs"),
    ([{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}], "aws:sqs"),
    ({"requestContext": {"condition": "Success"}, "requestPayload": {}, "responsePayload": 1}, "aws:lambda"),
]


@pytest.mark.parametrize(("event", "source"), SOURCES)
def test_an_event_of_a_source_fails_its_invocation(event: Any, source: str, load_model: Callable[[str], Model]) -> None:
    with pytest.raises(events.SourceError, match=f"an event of {source} is no request"):
        events.respond(load_model("dense"), event)


@pytest.mark.parametrize(
    "event", [{"Records": []}, {"Records": [{"a": 1}]}, {"tasks": [1]}, {"source": "x"}, [], [1], [{"a": 1}]]
)
def test_any_other_wrong_event_is_answered(event: Any, load_model: Callable[[str], Model]) -> None:
    assert events.respond(load_model("dense"), event)[0] == 400
