"""Minutes at a fixed rate: whether every request is answered, and whether the server stays as large as it was."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchmark.server.load import Rest
from benchmark.server.processes import proportional_mebibytes, resident_mebibytes
from benchmark.server.started import Running

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.server.contenders import Contender
    from benchmark.server.models import Request

CLIENTS, SHARE = 16, 0.7
PARTS = 20
_LOAD_SECONDS = 5.0
"""Duration of the load that finds the greatest throughput, of which the rate is a share."""
GROWTH = 1.05
"""Maximum ratio of the resident memory after the last part to that after a quarter of the parts."""


def soak(contender: Contender, request: Request, oha: Path, minutes: float) -> dict[str, Any]:
    """Send requests for so long, in parts, and look at the memory after each.

    Raises:
        RuntimeError: A request was not answered with 200.
    """
    with Running(contender, request) as server:
        generator = Rest(oha, server.url, server.body)
        rate = round(generator.load(CLIENTS, _LOAD_SECONDS).per_second * SHARE)
        parts = []
        for _ in range(PARTS):
            seen = generator.load(CLIENTS, minutes * 60 / PARTS, rate=rate)
            memory = {
                "residentMebibytes": resident_mebibytes(server.pid),
                "proportionalMebibytes": proportional_mebibytes(server.pid),
            }
            parts.append({**asdict(seen), **memory})
    settled, last = parts[PARTS // 4 - 1]["residentMebibytes"], parts[-1]["residentMebibytes"]
    return {
        "server": contender.server,
        "artifact": contender.artifact,
        "minutes": minutes,
        "clients": CLIENTS,
        "rate": rate,
        "requests": sum(part["requests"] for part in parts),
        "settledMebibytes": settled,
        "lastMebibytes": last,
        "isFlat": last <= settled * GROWTH,
        "worstP99Milliseconds": max(part["p99_milliseconds"] for part in parts),
        "parts": parts,
    }
