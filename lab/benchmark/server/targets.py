"""Targets of the server, compared with the optimized model's figures."""

from __future__ import annotations

from typing import Any

from benchmark.server.contenders import FASTAPI_LITERT, FASTAPI_TENSORFLOW, MODEL_SERVER, WORKERS
from benchmark.server.measure import CLIENTS, GRPC, REST
from benchmark.server.models import OPTIMIZED

_TIMES_BARE = [(REST, clients, 1.8 if clients == 1 else 1.5) for clients in CLIENTS] + [(GRPC, 16, 1.5)]
_SHARES = [(FASTAPI_TENSORFLOW, "SavedModel", 1 / 10), (FASTAPI_LITERT, OPTIMIZED, 1 / 4)]


def targets(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each target that something was measured for."""
    rows = {(row["server"], row["artifact"], row["interface"], row["clients"]): row for row in result["rows"]}
    found = []
    for interface, clients, most in _TIMES_BARE:
        ours = rows.get((MODEL_SERVER, OPTIMIZED, interface, clients))
        if ours:
            name = f"processor time for a request over {interface}, {clients} client{'s' if clients > 1 else ''}"
            found.append(_target(name, ours["timesBare"], most, "times the bare `invoke`"))
    for server, artifact, most in _SHARES:
        # The worst of all numbers of clients.
        shares = [
            rows[MODEL_SERVER, OPTIMIZED, REST, clients]["processorMicroseconds"]
            / rows[server, artifact, REST, clients]["processorMicroseconds"]
            for clients in CLIENTS
            if (server, artifact, REST, clients) in rows
        ]
        if shares:
            found.append(
                _target(
                    "processor time for a request over REST, at the worst number of clients",
                    max(shares),
                    most,
                    f"of {server}",
                )
            )
    protocol = result["protocol"]
    more = protocol["imageMicroseconds"] - protocol["bareMicroseconds"]
    found += [
        _target(
            "processor time for a request of the Open Inference Protocol in JSON, 1 client",
            protocol["timesPredict"],
            1.1,
            "times predict",
        ),
        _target(
            "processor time for an image of 224 × 224 × 3 floats in binary form, 1 client",
            more,
            250,
            "µs above the bare `invoke`",
        ),
    ]
    steady = result.get("steady")
    if steady:
        name = f"p99 at {steady['rate']:,} requests a second over REST, on a processor of its own"
        found.append(_target(name, steady["p99Milliseconds"] / steady["p50Milliseconds"], 5, "times the median"))
    [ours] = [row for row in result["servers"] if (row["server"], row["artifact"]) == (MODEL_SERVER, OPTIMIZED)]
    copies = f"MiB with {WORKERS} copies of the model"
    return [
        *found,
        _target("start to first answer", ours["startMilliseconds"], 20, "ms"),
        _target("peak memory", ours["peakMebibytes"], 24, copies),
    ]


def _target(name: str, value: float, most: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "target": most, "unit": unit, "met": value <= most}
