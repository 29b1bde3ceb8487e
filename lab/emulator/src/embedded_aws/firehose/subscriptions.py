"""Sends the events of a log group to a Firehose stream, as a subscription filter says."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import cloudwatch_logs, firehose

from embedded_aws.firehose.filter_pattern import conditions, matches

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("embedded_aws.firehose")

_STREAM = ":deliverystream/"


def check(properties: dict[str, Any]) -> None:
    """Refuses a filter of a stream whose pattern would be matched otherwise than on AWS.

    Raises:
        ValueError: the sentence.
    """
    if _STREAM in properties["DestinationArn"]:
        conditions(properties.get("FilterPattern", ""))


def sending(original: Callable[..., None]) -> Callable[..., None]:
    """Adds streams to the destinations that MiniStack knows."""

    def fan_out(group: str, stream: str, events: list[dict[str, Any]]) -> None:
        original(group, stream, events)
        filters = (cloudwatch_logs._log_groups.get(group) or {}).get("subscriptionFilters") or {}
        for subscription in filters.values():
            if _STREAM in subscription["destinationArn"]:
                wanted = conditions(subscription["filterPattern"])
                chosen = [event for event in events if matches(wanted, event["message"])]
                if chosen:
                    _put(
                        subscription["destinationArn"].rpartition("/")[2],
                        _record(group, stream, subscription["filterName"], chosen),
                    )

    return fan_out


def _record(group: str, stream: str, name: str, events: list[dict[str, Any]]) -> bytes:
    content = {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": [
            {"id": uuid.uuid4().hex, "timestamp": event["timestamp"], "message": event["message"]} for event in events
        ],
    }
    return gzip.compress(json.dumps(content).encode())


def _put(stream: str, record: bytes) -> None:
    data = base64.b64encode(record).decode()
    status, _, body = firehose._put_record_batch({"DeliveryStreamName": stream, "Records": [{"Data": data}]})
    if status >= 400 or json.loads(body)["FailedPutCount"]:
        log.warning("the stream %s took no record: %s", stream, body)
