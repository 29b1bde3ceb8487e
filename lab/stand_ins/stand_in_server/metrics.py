"""The two metrics of TensorFlow Serving that dashboards use, under its own names."""

from __future__ import annotations

import threading
from collections import defaultdict

_BOUNDS = [10 * 1.8**power for power in range(33)]


class Metrics:
    """Counts requests. Latencies are in microseconds, as the server has them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[tuple[str, str], int] = defaultdict(int)
        self._buckets: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * len(_BOUNDS))
        self._sums: dict[tuple[str, str, str], float] = defaultdict(float)
        self._counts: dict[tuple[str, str, str], int] = defaultdict(int)

    def add(self, model: str, status: str, api: str, entrypoint: str, microseconds: float) -> None:
        """Count one request, and its latency if it succeeded.

        Args:
            model: The name in the request, empty where it has none.
            status: Name of the status code.
            api: `predict` (REST) or `Predict` (gRPC), empty for requests on the model itself.
            entrypoint: `REST` or `GRPC`.
            microseconds: How long it took.
        """
        with self._lock:
            self._requests[model, status] += 1
            if status != "OK":
                return
            key = (model, api, entrypoint)
            self._sums[key] += microseconds
            self._counts[key] += 1
            for index, bound in enumerate(_BOUNDS):
                if microseconds <= bound:
                    self._buckets[key][index] += 1

    def text(self) -> str:
        """Return the page that Prometheus reads."""
        with self._lock:
            lines = ["# TYPE :tensorflow:serving:request_count counter"]
            lines += [
                f':tensorflow:serving:request_count{{model_name="{model}",status="{status}"}} {count}'
                for (model, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE :tensorflow:serving:request_latency histogram")
            for key, count in sorted(self._counts.items()):
                model, api, entrypoint = key
                labels = f'model_name="{model}",API="{api}",entrypoint="{entrypoint}"'
                name = ":tensorflow:serving:request_latency"
                lines += [
                    f'{name}_bucket{{{labels},le="{bound:g}"}} {below}'
                    for bound, below in zip(_BOUNDS, self._buckets[key], strict=True)
                ]
                lines.append(f'{name}_bucket{{{labels},le="+Inf"}} {count}')
                lines.append(f"{name}_sum{{{labels}}} {self._sums[key]:g}")
                lines.append(f"{name}_count{{{labels}}} {count}")
        return "\n".join(lines) + "\n"
