"""One interleaved run: in every round each contender starts, and bears the load of each number of clients."""

from __future__ import annotations

import contextlib
import os
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmark.running import conditions, rounds_of
from benchmark.server.bare import processor_time
from benchmark.server.contenders import MODEL_SERVER, WORKERS
from benchmark.server.load import Grpc, Load, Rest
from benchmark.server.models import FLOAT32
from benchmark.server.processes import peak_mebibytes, processor_seconds, proportional_mebibytes
from benchmark.server.started import Running

if TYPE_CHECKING:
    from benchmark.server.contenders import Contender
    from benchmark.server.generators import Generators
    from benchmark.server.models import Artifact, Request

CLIENTS = (1, 4, 16, 64)
REST, GRPC = Rest.name, Grpc.name
WARM_UP_SECONDS = 0.5
"""Duration of each load in the uncounted round. ghz panics if it must end before all its clients have started."""
STARTS = 7
"""Starts of model_server in a round, which take milliseconds; others take seconds, and start once."""


@dataclass(frozen=True)
class Cell:
    """The work of one contender with one number of clients over one interface, a round after the other."""

    server: str
    artifact: str
    interface: str
    clients: int
    loads: list[Load] = field(default_factory=list)
    microseconds: list[float] = field(default_factory=list)
    """Processor time for a request."""
    times_bare: list[float] = field(default_factory=list)
    """Ratio of the processor time to that of the bare call in the same round."""

    def add(self, seen: Load, processor_seconds: float, bare: float) -> None:
        """Keep a round's figures."""
        self.loads.append(seen)
        self.microseconds.append(processor_seconds / seen.requests * 1e6)
        self.times_bare.append(self.microseconds[-1] / bare)

    def row(self) -> dict[str, Any]:
        """Return medians over the rounds."""
        return {
            "server": self.server,
            "artifact": self.artifact,
            "interface": self.interface,
            "clients": self.clients,
            "requests": sum(load.requests for load in self.loads),
            "perSecond": statistics.median(load.per_second for load in self.loads),
            "p50Milliseconds": statistics.median(load.median_milliseconds for load in self.loads),
            "p99Milliseconds": statistics.median(load.p99_milliseconds for load in self.loads),
            "processorMicroseconds": statistics.median(self.microseconds),
            "timesBare": statistics.median(self.times_bare),
        }


class Benchmark:
    """The contenders and what was measured of them."""

    def __init__(
        self,
        compared: list[Contender],
        models: list[Artifact],
        request: Request,
        tools: Generators,
        seconds: float,
    ) -> None:
        self._compared, self._models, self._request, self._tools = compared, models, request, tools
        self._seconds = seconds
        self._starts: dict[str, list[float]] = {contender.name: [] for contender in compared}
        self._bare: dict[str, dict[str, list[float]]] = {model.kind: {"alone": [], "all": []} for model in models}
        self._cells: dict[tuple[str, str, int], Cell] = {}

    def run(self, rounds: int) -> dict[str, Any]:
        """Measure so many rounds, after one that fills caches and does not count."""
        load_before = os.getloadavg()[0]
        with contextlib.ExitStack() as stack:
            running = [stack.enter_context(Running(each, self._request)) for each in self._compared]
            for server in running:
                if server.contender.has_grpc:
                    server.check_grpc(self._request)
            for number in rounds_of(rounds):
                self._round(running, counts=number >= 0)
            rows = [cell.row() for cell in self._cells.values()]
            memory = [_memory(server, statistics.median(self._starts[server.contender.name])) for server in running]
        return {
            "rounds": rounds,
            "seconds": self._seconds,
            "workers": WORKERS,
            **conditions(load_before),
            "bare": {
                kind: {name: statistics.median(values) for name, values in taken.items()}
                for kind, taken in self._bare.items()
            },
            "rows": rows,
            "servers": memory,
        }

    def _round(self, running: list[Running], *, counts: bool) -> None:
        seconds = self._seconds if counts else WARM_UP_SECONDS
        for contender in self._compared if counts else []:
            for _ in range(STARTS if contender.server == MODEL_SERVER else 1):
                with Running(contender, self._request) as started:
                    self._starts[contender.name].append(started.milliseconds)
        alone = {}
        for model in self._models:
            alone[model.kind] = processor_time(model.file, seconds / 2, 1)
            together = processor_time(model.file, seconds / 2, WORKERS)
            if counts:
                self._bare[model.kind]["alone"].append(alone[model.kind])
                self._bare[model.kind]["all"].append(together)
        for clients in CLIENTS:
            for server in running:
                contender = server.contender
                for generator in self._generators(server):
                    before = processor_seconds(server.pid)
                    seen = generator.load(clients, seconds)
                    spent = processor_seconds(server.pid) - before
                    if counts:
                        bare = alone.get(contender.artifact, alone[FLOAT32])
                        self._cell(contender, generator.name, clients).add(seen, spent, bare)

    def _generators(self, server: Running) -> list[Rest | Grpc]:
        found: list[Rest | Grpc] = []
        if self._tools.oha:
            found.append(Rest(self._tools.oha, server.url, server.body))
        if self._tools.ghz and server.contender.has_grpc:
            found.append(Grpc(self._tools.ghz, server.grpc_port, self._request.message))
        return found

    def _cell(self, contender: Contender, interface: str, clients: int) -> Cell:
        key = (contender.name, interface, clients)
        return self._cells.setdefault(key, Cell(contender.server, contender.artifact, interface, clients))


def _memory(server: Running, start: float) -> dict[str, Any]:
    return {
        "server": server.contender.server,
        "artifact": server.contender.artifact,
        "startMilliseconds": start,
        "peakMebibytes": peak_mebibytes(server.pid),
        "proportionalMebibytes": proportional_mebibytes(server.pid),
    }
