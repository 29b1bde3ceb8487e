"""Answers the objects of a bucket: requests/NAME.json holds a request body, answers/NAME.json gets the answer.

A request that the model refuses gets an answer too, {"error": "…"}: asking again would not help. Where the model's
function fails, so does this one, and Lambda invokes it again before the event goes to the queue of failures.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

import boto3
from model import predict

_S3 = boto3.client("s3")
#: Lambda's payload limit for one invocation.
_LARGEST = 6 << 20


def handler(event: dict[str, Any], _context: Any) -> None:
    """Answer every object that the event names."""
    for record in event.get("Records", []):  # the event that S3 sends when it is set up has none
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        answer = _answer(_S3.get_object(Bucket=bucket, Key=key)["Body"].read())
        _S3.put_object(
            Bucket=bucket,
            Key=key.replace("requests/", "answers/", 1),
            Body=json.dumps(answer).encode(),
            ContentType="application/json",
        )


def _answer(content: bytes) -> dict[str, Any]:
    if len(content) > _LARGEST:
        return {"error": f"the object has {len(content)} bytes, and the model takes {_LARGEST}; split it"}
    try:
        body = json.loads(content)
    except ValueError as error:
        return {"error": f"the object is not JSON: {error}"}
    return predict(body)
