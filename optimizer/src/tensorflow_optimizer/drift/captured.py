"""Reads the captured requests of a period from a folder or a bucket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..data.captured_requests import newest_files, newest_requests
from ..errors import BadInputError
from ..storage.buckets import open_bucket
from ..storage.captured_objects import newest_objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ..data.captured_requests import CapturedCount
    from ..documents.captured_request import CapturedRequest


def captured_requests(  # noqa: PLR0913, PLR0917 - what to read, and how much of it
    place: str, model_name: str, since: datetime, until: datetime, limit: int, count: CapturedCount
) -> Iterator[CapturedRequest]:
    """Yield the newest captured requests of a period.

    Args:
        place: `s3://<bucket>`, or a folder.
        model_name: The model's name, with which keys in a bucket begin.
        since: The beginning, in UTC.
        until: The end, in UTC.
        limit: The maximum number of requests to read.
        count: Is kept up to date.

    Raises:
        BadInputError: There is no such place.
    """
    if place.startswith("s3://"):
        parts = urlsplit(place)
        if not parts.netloc or parts.path.strip("/"):
            raise BadInputError(f"{place} is not a capture bucket: give s3://<bucket>, without a key")
        objects = newest_objects(open_bucket(parts.netloc), model_name, since, until)
    else:
        if not Path(place).is_dir():
            raise BadInputError(f"{place} is not a folder of captured requests")
        objects = newest_files(Path(place))
    for request in newest_requests(objects, limit, count):
        if request.model_name == model_name and since <= request.time <= until:
            yield request
