"""Memory that requests took is given back."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

ROWS = 150_000


def resident(server: Server) -> int:
    """Return the memory of the program's own, in KiB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"RssAnon:\s+(\d+)", status)
    assert found
    return int(found[1])


def test_memory_of_large_requests_is_released(start: Callable[..., Server]) -> None:
    small, large = {"instances": [[1, 2, 3]]}, {"instances": [[0.125, 2.5, 3.75]] * ROWS}
    with start("times", 1) as server, ThreadPoolExecutor(4) as clients:

        def predict(body: object) -> int:
            response = server.post("/v1/models/times:predict", body)
            assert response.status_code == 200
            return len(response.json()["predictions"])

        list(clients.map(predict, [small] * 50))
        before = resident(server)
        for _ in range(4):
            assert list(clients.map(predict, [large] * 4)) == [ROWS] * 4
            # Their text alone has 12 MB, and the answers as much. The allocator keeps less than 1 MiB for each thread.
            server.wait_until(lambda: resident(server) - before < 6 * 1024)
