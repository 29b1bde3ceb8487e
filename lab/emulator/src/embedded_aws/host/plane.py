"""One event loop, in a thread of its own, for all bytes that travel between instances, load balancers and AWS."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Coroutine

HALF_CLOSED = 30.0
"""Seconds that one side of a connection may go on after the other has ended."""

_CHUNK = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Plane:
    """Runs coroutines while the caller's own thread goes on."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="network").start()

    def run(self, work: Coroutine[Any, Any, Any], timeout: float | None = 10) -> Any:
        """Runs something there and waits for its result. Not to be called from the plane itself."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def serve(self, listener: socket.socket, handle: Callable[[Streams], Awaitable[None]]) -> asyncio.Server:
        """Accepts connections.

        Args:
            listener: where they come in; belongs to the plane from now on.
            handle: takes care of one; an OSError of it breaks the connection.
        """

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handle((reader, writer))
            except OSError:
                writer.transport.abort()

        server: asyncio.Server = self.run(asyncio.start_server(accept, sock=listener))
        return server

    def forward(self, listener: socket.socket, connect: Callable[[], Awaitable[Streams]]) -> asyncio.Server:
        """Accepts connections and joins each to another one, which `connect` opens."""

        async def handle(incoming: Streams) -> None:
            await join(incoming, await connect())

        return self.serve(listener, handle)

    def close(self, server: asyncio.Server) -> None:
        """Accepts no more. Connections that are open stay."""
        self._loop.call_soon_threadsafe(server.close)


async def join(first: Streams, other: Streams) -> None:
    """Carries bytes both ways until both sides have ended, or one has failed.

    A side that has ended may be gone for good, and the other may not care: it gets some time, and is then cut off.
    """
    ways = [asyncio.create_task(_carry(first[0], other[1])), asyncio.create_task(_carry(other[0], first[1]))]
    try:
        done, open_still = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in done:
            way.result()
        for way in open_still:
            await asyncio.wait_for(way, HALF_CLOSED)
    except (OSError, TimeoutError, asyncio.CancelledError):
        for _, writer in (first, other):
            writer.transport.abort()
    finally:
        for way in ways:
            way.cancel()
        for _, writer in (first, other):
            writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    if writer.can_write_eof():
        with contextlib.suppress(OSError):
            writer.write_eof()
