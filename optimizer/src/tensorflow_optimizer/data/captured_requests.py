"""Reads captured requests, the newest first, from a folder or from the objects of a bucket."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ..documents.captured_request import CapturedRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: Of one object, uncompressed. Firehose collects at most 128 MB of lines for an object.
_LARGEST_OBJECT = 256 << 20
_GZIP = b"\x1f\x8b"
_DECODER = json.JSONDecoder()


@dataclass
class CapturedCount:
    """What was read so far."""

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
        for text in reversed(_texts(content, count)):
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


def _texts(content: bytes, count: CapturedCount) -> list[str]:
    """Return the JSON texts of one object in the order in which they were written."""
    texts: list[str] = []
    lines: list[bytes] = []
    try:
        with gzip.open(io.BytesIO(content)) if content[:2] == _GZIP else io.BytesIO(content) as stream:
            read = 0
            for line in stream:
                read += len(line)
                if read > _LARGEST_OBJECT:
                    count.unreadable += 1
                    break
                lines.append(line)
    except (OSError, EOFError, zlib.error):  # not gzip after all, cut off or damaged: keep what came before
        count.unreadable += 1
    for line in lines:
        texts += _separated(line.decode(errors="replace").strip())
    return texts


def _separated(line: str) -> Iterator[str]:
    """Yield the JSON objects of a line: Firehose may put several into one."""
    while line:
        try:
            _, end = _DECODER.raw_decode(line)
        except (ValueError, RecursionError):
            yield line
            return
        yield line[:end]
        line = line[end:].lstrip()
