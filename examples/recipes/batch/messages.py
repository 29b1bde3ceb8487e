"""Answers the messages of a queue: each holds one instance as JSON, and gets one prediction in the queue of answers.

A batch is one request to the model. Where the model refuses it, each instance is asked for by itself, so that one bad
message fails alone: SQS gives it again, and in the end to the dead-letter queue. SQS may deliver a message twice; the
attribute `request` of an answer names the message that it belongs to.
"""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from model import predict

_SQS = boto3.client("sqs")


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Return the messages that failed, as `reportBatchItemFailures` asks for them."""
    instances: dict[str, Any] = {}
    for record in event["Records"]:
        try:
            instances[record["messageId"]] = json.loads(record["body"])
        except ValueError as error:
            print(f"message {record['messageId']} is not JSON: {error}")
    answered = _send(_predictions(instances))
    failed = [record["messageId"] for record in event["Records"] if record["messageId"] not in answered]
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _predictions(instances: dict[str, Any]) -> dict[str, Any]:
    """Return a prediction for each instance that the model takes."""
    if not instances:
        return {}
    answer = predict({"instances": list(instances.values())})
    if "error" not in answer:
        return dict(zip(instances, answer["predictions"], strict=True))
    if len(instances) == 1:
        print(f"message {next(iter(instances))} is refused: {answer['error']}")
        return {}
    alone = (_predictions({message: instance}) for message, instance in instances.items())
    return {message: prediction for one in alone for message, prediction in one.items()}


def _send(predictions: dict[str, Any]) -> set[str]:
    """Send the predictions, and return which arrived."""
    if not predictions:
        return set()
    messages = list(predictions)
    entries: list[Any] = [
        {
            "Id": str(number),
            "MessageBody": json.dumps(predictions[message]),
            "MessageAttributes": {"request": {"DataType": "String", "StringValue": message}},
        }
        for number, message in enumerate(messages)
    ]
    response = _SQS.send_message_batch(QueueUrl=os.environ["ANSWERS"], Entries=entries)
    return {messages[int(entry["Id"])] for entry in response.get("Successful", [])}
