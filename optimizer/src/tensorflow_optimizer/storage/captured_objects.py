"""Finds the objects of captured requests in a bucket, the newest first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .storage_errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from .s3 import Bucket

#: Most bytes of an object. Firehose writes 5 MB, but up to 128 MB when it makes up for a time without writing.
_LARGEST_OBJECT = 128 << 20


def newest_objects(bucket: Bucket, model_name: str, since: datetime, until: datetime) -> Iterator[bytes]:
    """Yield the contents of a model's objects, the newest first.

    An object is named after the hour in which its first line arrived, in UTC: whole hours are listed and read, so that
    the first and the last object may hold requests of just outside the period.

    Args:
        bucket: The capture bucket.
        model_name: The model's name, with which the keys begin.
        since: The first hour, with a time zone; in UTC.
        until: The last hour; likewise.
    """
    first, day = _hour(since), until
    while day.date() >= since.date():
        # One listing a day: an hour's would be 24 times as many requests, and a listing has no reverse order.
        keys = [stored.key for stored in bucket.list_objects(f"{model_name}/{day:%Y/%m/%d}/")]
        for key in sorted(keys, reverse=True):
            hour = key[len(model_name) + 1 :][: len(first)]
            if first <= hour <= _hour(until):
                content = _content(bucket, key)
                if content is not None:
                    yield content
        day -= timedelta(days=1)


def _content(bucket: Bucket, key: str) -> bytes | None:
    """Return the content of an object; None if it has expired since it was listed."""
    try:
        return bucket.read(key, _LARGEST_OBJECT)
    except StorageError as error:
        if error.missing:
            return None
        raise


def _hour(moment: datetime) -> str:
    return f"{moment:%Y/%m/%d/%H}"
