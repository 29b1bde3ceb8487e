"""Sends a request over HTTP, and bounds the answer: its bytes, and the time until its end. Follows no redirect."""

from __future__ import annotations

import http.client
import socket
from contextlib import closing, suppress
from threading import Event, Timer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import OptimizerError
from ..processes.plain_text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Most bytes of an answer: as many as the servers take of a request.
MOST_BYTES = 64 << 20
_PART = 1 << 16


def bounded_request(  # noqa: PLR0913 - what a request has, and its limits
    method: str,
    url: str,
    body: bytes | None,
    *,
    headers: Mapping[str, str] | None = None,
    seconds: float,
    most_bytes: int = MOST_BYTES,
) -> tuple[int, bytes]:
    """Return the status and the content of an answer.

    Args:
        method: The method.
        url: The address, of HTTP or HTTPS.
        body: Content of the request, which is JSON.
        headers: Headers of the request, beside those of its content.
        seconds: Most seconds until the end of the answer.
        most_bytes: Most bytes of its content.

    Raises:
        OptimizerError: There is no whole answer within the limits.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    late = Event()
    with closing(kind(parts.hostname or "", parts.port, timeout=seconds)) as connection:

        def end() -> None:
            late.set()
            # A server that sends a byte now and then never exceeds the timeout of a single read.
            with suppress(OSError):
                if connection.sock:
                    connection.sock.shutdown(socket.SHUT_RDWR)

        timer = Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            connection.request(
                method, path, body, {**(headers or {}), **({"Content-Type": "application/json"} if body else {})}
            )
            answer = connection.getresponse()
            content = b"".join(_parts(answer, most_bytes))
        except (OSError, http.client.HTTPException) as error:
            if late.is_set() or isinstance(error, TimeoutError):
                raise OptimizerError(
                    f"it did not answer within {seconds:g} seconds: give it longer with --timeout"
                ) from error
            reason = one_line(str(error) or type(error).__name__, 200)
            raise OptimizerError(f"it gave no whole answer ({reason}): look whether the address is right") from error
        finally:
            timer.cancel()
    if late.is_set():
        raise OptimizerError(f"it did not answer within {seconds:g} seconds: give it longer with --timeout")
    return answer.status, content


def _parts(answer: http.client.HTTPResponse, most_bytes: int) -> Iterator[bytes]:
    left = most_bytes
    while part := answer.read(min(_PART, left + 1)):
        left -= len(part)
        if left < 0:
            raise OptimizerError(f"its answer has more than {most_bytes:,} bytes: ask about fewer rows at once")
        yield part
    if answer.length:
        raise http.client.HTTPException(f"it broke off {answer.length:,} bytes before its end")
