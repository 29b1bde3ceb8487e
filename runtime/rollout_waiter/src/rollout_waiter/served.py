"""Reads from a server's metrics how many requests it answered, how many failed, and how long they took. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

_LINE = re.compile(
    r"^:tensorflow:serving:(request_count|request_latency_count|request_latency_bucket)\{(.*)\} (\S+)", re.MULTILINE
)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: Statuses that are no failure of the server, as in a fleet's metrics (runtime/instance/src/metrics.py).
_NO_FAULT = {"OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "OUT_OF_RANGE", "UNIMPLEMENTED", "CANCELLED"}
#: The API of requests on the model itself, as probes send them; predictions have a name there.
_STATUS_API = ""

#: Number of failures that end a bake before its time; fewer may be a small share of the requests at its end.
_MANY_FAILURES = 10

_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Served:
    """Numbers of requests that a server answered since its start.

    Attributes:
        requests: Number of requests without those of probes.
        failed: Number of those that failed through the server's fault, by status.
        buckets: Number of predictions that took at most as many microseconds, by these.
    """

    requests: float = 0.0
    failed: dict[str, float] = field(default_factory=dict)
    buckets: dict[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, page: str) -> Served:
        """Read a server's page for Prometheus."""
        requests, probes = 0.0, 0.0
        failed: dict[str, float] = {}
        buckets: dict[float, float] = {}
        for name, labels, number in _LINE.findall(page):
            given, value = dict(_LABEL.findall(labels)), float(number)
            if name == "request_count":
                requests += value
                status = given.get("status", "")
                if status not in _NO_FAULT and value:
                    failed[status] = failed.get(status, 0.0) + value
            elif name == "request_latency_count":
                probes += value if given.get("API") == _STATUS_API else 0.0
            elif given.get("API") != _STATUS_API:
                bound = float(given["le"])
                buckets[bound] = buckets.get(bound, 0.0) + value
        return cls(max(0.0, requests - probes), failed, buckets)

    def __add__(self, other: Served) -> Served:
        """Return what two servers answered together."""
        return Served(
            self.requests + other.requests, _sums(self.failed, other.failed), _sums(self.buckets, other.buckets)
        )

    @property
    def errors(self) -> float:
        """Number of requests that failed through the server's fault."""
        return sum(self.failed.values())

    def excess(self, max_error_rate: float, *, over: bool) -> str:
        """Say that too many requests failed; empty if they did not, or if that may still change until the end.

        Args:
            max_error_rate: Share of the requests that may fail.
            over: Whether no further request counts.
        """
        if self.errors <= max_error_rate * self.requests or not (over or self.errors >= _MANY_FAILURES):
            return ""
        most = sorted(self.failed.items(), key=lambda entry: -entry[1])[:3]
        statuses = ", ".join(f"{status} {count:.0f}" for status, count in most)
        share = f"{self.errors / max(self.requests, self.errors):.2%}"
        what = f"{self.errors:.0f} of {self.requests:.0f} requests to the new version failed ({statuses}): {share}"
        return f"{what}, and maxErrorRate allows {max_error_rate:.2%}"

    def latency_milliseconds(self, quantile: float) -> float:
        """Return a quantile of the predictions' latency, interpolated in its bucket; 0 without predictions."""
        total = max(self.buckets.values(), default=0.0)
        if not total:
            return 0.0
        wanted, lower, below = quantile * total, 0.0, 0.0
        for upper, count in sorted(self.buckets.items()):
            if count >= wanted:
                width = upper - lower if upper != float("inf") else 0.0
                return (lower + width * (wanted - below) / (count - below)) / 1000
            lower, below = upper, count
        return lower / 1000


def _sums(left: dict[_Key, float], right: dict[_Key, float]) -> dict[_Key, float]:
    return {key: left.get(key, 0.0) + right.get(key, 0.0) for key in left | right}
