"""Reads captured requests, the newest first, from a folder or from the objects of a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cdk_tensorflow_shared.captured_objects import texts_of
from pydantic import ValidationError

from ..documents.captured_request import CapturedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Most bytes of one object, uncompressed. Firehose collects at most 128 MB of lines for an object.
_LARGEST_OBJECT = 256 << 20


@dataclass
class CapturedCount:
    """Numbers of what was read so far."""

    objects: int = 0
    requests: int = 0
    unreadable: int = 0
    """Lines that are no captured request, and objects that cannot be read to their end (one each)."""


def newest_requests(objects: Iterable[bytes], limit: int, count: CapturedCount) -> Iterator[CapturedRequest]:
    """Yield at most `limit` captured requests, the newest first.

    Args:
        objects: The contents of the objects, the newest first; no more are taken than needed.
        limit: The maximum number of requests.
        count: Is kept up to date.
    """
    left = limit
    for content in objects:
        if left <= 0:
            return
        count.objects += 1
        texts, is_whole = texts_of(content, _LARGEST_OBJECT)
        count.unreadable += not is_whole
        for text in reversed(texts):
            try:
                request = CapturedRequest.model_validate_json(text)
            except ValidationError:
                count.unreadable += 1
                continue
            count.requests += 1
            yield request
            left -= 1
            if left <= 0:
                return


def newest_files(folder: Path) -> Iterator[bytes]:
    """Yield the contents of a folder's files, the newest first by their paths, which begin with the hour."""
    files = (file for file in folder.rglob("*") if file.is_file())
    for file in sorted(files, key=lambda file: file.relative_to(folder).parts, reverse=True):
        yield file.read_bytes()
