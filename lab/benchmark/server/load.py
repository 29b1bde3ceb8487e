"""Runs a load generator in a closed loop: each client sends its next request when it has the last answer."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmark.digits import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

PROTO = REPOSITORY / "server" / "proto"


@dataclass(frozen=True)
class Load:
    """The figures that a load generator saw."""

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
    prefix: tuple[str, ...] = ()
    """Words before the command."""

    def load(self, clients: int, seconds: float, *, rate: int | None = None) -> Load:
        """Send at a fixed rate, if there is one.

        Raises:
            RuntimeError: A request was not answered with 200.
        """
        command = [*self.prefix, str(self.oha), "--no-tui", "--output-format", "json", "--disable-compression", "-w"]
        command += ["-m", "POST", "-T", "application/json"]
        command += ["-z", _duration(seconds), "-c", str(clients), "-D", str(self.body)]
        if rate:
            command += ["-q", str(rate), "--latency-correction"]
        report = _report([*command, self.url])
        _all_answered(report, "200", f"{self.url} at {clients} clients")
        percentiles = report["latencyPercentiles"]
        per_second = report["summary"]["requestsPerSec"]
        requests = report["statusCodeDistribution"]["200"]
        return Load(requests, per_second, percentiles["p50"] * 1e3, percentiles["p99"] * 1e3)


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
        command = [str(self.ghz), "--insecure", "-O", "json", "--duration-stop", "wait"]
        command += ["--import-paths", str(PROTO), "--proto", str(PROTO / "serving.proto")]
        command += ["--call", "tensorflow.serving.PredictionService.Predict", "-B", str(self.message)]
        command += ["-z", _duration(seconds), "-c", str(clients), "--connections", str(clients)]
        report = _report([*command, f"127.0.0.1:{self.port}"])
        _all_answered(report, "OK", f"gRPC at {clients} clients")
        percentiles = {entry["percentage"]: entry["latency"] / 1e6 for entry in report["latencyDistribution"]}
        return Load(report["count"], report["rps"], percentiles[50], percentiles[99])


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


def _all_answered(report: dict[str, Any], status: str, load: str) -> None:
    statuses, failures = report["statusCodeDistribution"], report.get("errorDistribution")
    if set(statuses) != {status} or failures:
        raise RuntimeError(f"{load}: {statuses} {failures}")


def _report(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report
