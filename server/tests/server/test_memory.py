"""Memory that large requests took is given back, and what ordinary ones take is kept for the next."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import requests

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
            # Their text alone has 12 MB, and the answers as much.
            server.wait_until(lambda: resident(server) - before < 6 * 1024)


def page_faults(server: Server) -> int:
    """Return how often the program has waited for a page without a disk."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[7])


def test_a_request_finds_the_memory_of_the_one_before(start: Callable[..., Server]) -> None:
    # Send as much as an image of 224 x 224 x 3 floats.
    rows = np.ones((50_176, 3), np.float32)
    tensor = {"name": "x", "shape": rows.shape, "datatype": "FP32", "parameters": {"binary_data_size": rows.nbytes}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))}
    with start("times", 1) as server, requests.Session() as client:

        def infer(count: int) -> None:
            for _ in range(count):
                answer = client.post(f"{server.url}/v2/models/times/infer", head + rows.tobytes(), headers=headers)
                assert answer.status_code == 200

        infer(50)
        before = page_faults(server)
        infer(50)
        assert page_faults(server) - before < 50 * 20
