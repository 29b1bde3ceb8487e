"""Runs a load generator in a closed loop: each client sends its next request when it has the last answer."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.digits import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PROTO = REPOSITORY / "native" / "proto"


@dataclass(frozen=True)
class Load:
    """What a load generator saw."""

    requests: int
    per_second: float
    median_milliseconds: float
    p99_milliseconds: float


@dataclass(frozen=True)
class Rest:
    """Sends a body by HTTP with oha, over one connection a client."""

    oha: Path
    url: str
    body: Path
    name: str = "REST"

    def load(self, clients: int, seconds: float, *, rate: int | None = None) -> Load:
        """Send at a fixed rate, if there is one.

        Raises:
            RuntimeError: A request was not answered with 200.
        """
        at_rate = ["-q", str(rate), "--latency-correction"] if rate else []
        report = _report(
            [
                *(
                    str(self.oha),
                    "--no-tui",
                    "--output-format",
                    "json",
                    "-z",
                    f"{seconds * 1000:.0f}ms",
                    "-w",
                    *at_rate,
                ),
                *("-c", str(clients), "-m", "POST", "-T", "application/json", "-D", str(self.body)),
                *("--disable-compression", self.url),
            ]
        )
        statuses, failures = report["statusCodeDistribution"], report["errorDistribution"]
        if set(statuses) != {"200"} or failures:
            raise RuntimeError(f"{self.url} at {clients} clients: {statuses} {failures}")
        percentiles = report["latencyPercentiles"]
        per_second = report["summary"]["requestsPerSec"]
        return Load(statuses["200"], per_second, percentiles["p50"] * 1e3, percentiles["p99"] * 1e3)


@dataclass(frozen=True)
class Grpc:
    """Sends a serialized PredictRequest with ghz, over one connection a client."""

    ghz: Path
    port: int
    message: Path
    name: str = "gRPC"

    def load(self, clients: int, seconds: float) -> Load:
        """Send as fast as the clients can.

        Raises:
            RuntimeError: A request was not answered with OK.
        """
        report = _report(
            [
                *(str(self.ghz), "--insecure", "--proto", str(PROTO / "serving.proto"), "--import-paths", str(PROTO)),
                *("--call", "tensorflow.serving.PredictionService.Predict", "-B", str(self.message), "-O", "json"),
                *("-c", str(clients), "--connections", str(clients), "-z", f"{seconds * 1000:.0f}ms"),
                *("--duration-stop", "wait", f"127.0.0.1:{self.port}"),
            ]
        )
        statuses = report["statusCodeDistribution"]
        if set(statuses) != {"OK"}:
            raise RuntimeError(f"gRPC at {clients} clients: {statuses} {report.get('errorDistribution')}")
        percentiles = {entry["percentage"]: entry["latency"] / 1e6 for entry in report["latencyDistribution"]}
        return Load(report["count"], report["rps"], percentiles[50], percentiles[99])


def _report(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report
