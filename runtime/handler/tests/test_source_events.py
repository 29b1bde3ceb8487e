"""Events of queues, streams and rules: their invocations fail, because their sources take an answer for a success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from model_server import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from model_server import Model

SOURCES: list[tuple[dict[str, Any], str]] = [
    ({"Records": [{"messageId": "1", "body": "{}", "eventSource": "aws:sqs"}]}, "aws:sqs"),
    ({"Records": [{"kinesis": {"data": "e30="}, "eventSource": "aws:kinesis"}]}, "aws:kinesis"),
    ({"Records": [{"EventSource": "aws:sns", "Sns": {"Message": "{}"}}]}, "aws:sns"),
    ({"invocationSchemaVersion": "1.0", "job": {}, "tasks": [{"taskId": "1"}]}, "aws:s3-batch"),
    ({"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}, "aws.events"),
]


@pytest.mark.parametrize(("event", "source"), SOURCES)
def test_an_event_of_a_source_fails_its_invocation(
    event: dict[str, Any], source: str, load_model: Callable[[str], Model]
) -> None:
    with pytest.raises(events.SourceError, match=f"an event of {source} is no request"):
        events.respond(load_model("dense"), event)


@pytest.mark.parametrize("event", [{"Records": []}, {"Records": [{"a": 1}]}, {"tasks": [1]}, {"source": "x"}, []])
def test_any_other_wrong_event_is_answered(event: Any, load_model: Callable[[str], Model]) -> None:
    assert events.respond(load_model("dense"), event)[0] == 400
