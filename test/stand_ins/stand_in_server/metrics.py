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
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * len(_BOUNDS))
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)

    def add(self, model: str, status: str, microseconds: float) -> None:
        """Count one predict request."""
        with self._lock:
            self._requests[model, status] += 1
            self._sums[model] += microseconds
            self._counts[model] += 1
            for index, bound in enumerate(_BOUNDS):
                if microseconds <= bound:
                    self._buckets[model][index] += 1

    def text(self) -> str:
        """Return the page that Prometheus reads."""
        with self._lock:
            lines = ["# TYPE :tensorflow:serving:request_count counter"]
            lines += [
                f':tensorflow:serving:request_count{{model_name="{model}",status="{status}"}} {count}'
                for (model, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE :tensorflow:serving:request_latency histogram")
            for model, buckets in sorted(self._buckets.items()):
                labels = f'model_name="{model}",API="Predict",entrypoint="REST"'
                name = ":tensorflow:serving:request_latency"
                lines += [
                    f'{name}_bucket{{{labels},le="{bound:g}"}} {count}'
                    for bound, count in zip(_BOUNDS, buckets, strict=True)
                ]
                lines.append(f'{name}_bucket{{{labels},le="+Inf"}} {self._counts[model]}')
                lines.append(f"{name}_sum{{{labels}}} {self._sums[model]:g}")
                lines.append(f"{name}_count{{{labels}}} {self._counts[model]}")
        return "\n".join(lines) + "\n"
