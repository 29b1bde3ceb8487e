"""Reads the newest captured requests of a model.

The documents are `captured_request.py` of the optimizer, which is shipped separately.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from cdk_tensorflow_shared.captured_objects import texts_of

from .. import aws

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_VERSION = 1
_MOST_OBJECTS = 50
#: Maximum bytes of all objects as stored, and of one object uncompressed.
_MOST_BYTES = 64 << 20
_LARGEST_OBJECT = 128 << 20
_LONGEST_SECONDS = 20


def newest_captures(bucket: str, model: str, limit: int, *, except_version: str) -> list[dict[str, Any]]:
    """Return at most `limit` captured requests, the newest first.

    Reads no more than 50 objects, 64 MiB and 20 seconds, whatever the limit.

    Args:
        bucket: The capture bucket.
        model: The model's name, with which the keys begin.
        limit: The maximum number.
        except_version: The version of the model whose answers are left out: the new one's own.
    """
    captures: list[dict[str, Any]] = []
    size, deadline = 0, time.monotonic() + _LONGEST_SECONDS
    for number, (key, stored) in enumerate(_newest(bucket, f"{model}/")):
        size += stored
        if number == _MOST_OBJECTS or size > _MOST_BYTES or time.monotonic() > deadline:
            print(f"the newest {number} objects of captured requests are read; there is no time for more")
            break
        for capture in _newest_first(_content(bucket, key)):
            if str(capture["modelVersion"]) != except_version:
                captures.append(capture)
                if len(captures) == limit:
                    return captures
    return captures


def _content(bucket: str, key: str) -> bytes:
    """Return the content of an object; nothing if it has expired since it was listed."""
    try:
        return aws.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if aws.code_of(error) == "NoSuchKey":
            return b""
        raise


def _newest(bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield keys and sizes, the newest first: years, months, days and hours are folders."""
    pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    folders: list[str] = []
    objects: list[tuple[str, int]] = []
    for page in pages:
        folders += [common_prefix["Prefix"] for common_prefix in page.get("CommonPrefixes", [])]
        objects += [(content["Key"], content["Size"]) for content in page.get("Contents", [])]
    yield from sorted(objects, reverse=True)
    for folder in sorted(folders, reverse=True):
        yield from _newest(bucket, folder)


def _newest_first(content: bytes) -> Iterator[dict[str, Any]]:
    texts, _ = texts_of(content, _LARGEST_OBJECT)
    for text in reversed(texts):
        try:
            capture = _read(json.loads(text))
        except (ValueError, RecursionError):
            continue
        if capture is not None:
            yield capture


def _read(capture: Any) -> dict[str, Any] | None:
    try:
        if capture["schemaVersion"] != SCHEMA_VERSION:
            return None
        request, answer = dict(capture["request"]), dict(capture["answer"])
        if "data" in request:  # a direct invocation's single row
            request["instances"], answer["predictions"] = [request.pop("data")], [answer.pop("prediction")]
        if not ("instances" in request and "predictions" in answer) and not (
            "inputs" in request and "outputs" in answer
        ):
            return None
        return {**capture, "modelVersion": capture["modelVersion"], "request": request, "answer": answer}
    except (KeyError, TypeError, ValueError):
        return None
