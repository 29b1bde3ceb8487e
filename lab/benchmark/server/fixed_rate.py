"""Latency at a fixed rate: the server and the load generator have a processor each, because one would delay the other.

On shared processors the 99th percentile is that of the system's scheduler: a server that is ready to answer waits until
the generator's time is over, for milliseconds, and one load differs from the next threefold.
"""

from __future__ import annotations

import os
import shutil
import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmark.server.load import Rest
from benchmark.server.soak import CLIENTS, SHARE
from benchmark.server.started import Running

if TYPE_CHECKING:
    from pathlib import Path

    from benchmark.server.contenders import Contender
    from benchmark.server.models import Request

LOADS = 5
"""Number of loads in a round."""


def why_not_steady() -> str | None:
    """Return why processes cannot have processors of their own here."""
    if shutil.which("taskset") is None:
        return "p99 at a fixed rate was not measured: this system has no taskset, which gives a program a processor"
    if len(os.sched_getaffinity(0)) < 2:
        return "p99 at a fixed rate was not measured: server and load generator need a processor each"
    return None


def steady(contender: Contender, request: Request, oha: Path, *, rounds: int, seconds: float) -> dict[str, Any]:
    """Send a share of the throughput that a server with one worker reaches on one processor.

    Raises:
        RuntimeError: A request was not answered with 200.
    """
    for_server, for_generator, *_ = sorted(os.sched_getaffinity(0))
    command = [part for part in contender.command if not part.startswith("--workers=")]
    single = replace(contender, command=[*_on_processor(for_server), *command, "--workers=1"])
    with Running(single, request) as server:
        generator = Rest(oha, server.url, server.body, prefix=_on_processor(for_generator))
        generator.load(CLIENTS, seconds)
        rate = round(generator.load(CLIENTS, seconds).per_second * SHARE)
        seen = [generator.load(CLIENTS, seconds, rate=rate) for _ in range(rounds * LOADS)]
    return {
        "rate": rate,
        "clients": CLIENTS,
        "perSecond": statistics.median(load.per_second for load in seen),
        "p50Milliseconds": statistics.median(load.median_milliseconds for load in seen),
        "p99Milliseconds": statistics.median(load.p99_milliseconds for load in seen),
    }


def _on_processor(number: int) -> tuple[str, ...]:
    """Return the command before a program that runs on one processor."""
    return ("taskset", "--cpu-list", str(number))
