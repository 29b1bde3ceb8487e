"""Computes what a million requests cost on each path, by `cdk-tensorflow recommend`."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from benchmark.digits import optimize, recommended
from benchmark.running import conditions

_RATES = (1, 10, 100, 1000)
_P99 = 100
_MONTH = 730 * 3600
"""Seconds, as in a recommendation."""


def cost() -> dict[str, Any]:
    """Optimize the digits CNN, and compute the costs from what the job measured."""
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        optimize(Path(directory))
        found = {rate: recommended(Path(directory) / "optimized", rate, _P99) for rate in _RATES}
    prices = found[_RATES[0]]["prices"]
    return {
        **conditions(load_before),
        "date": prices["asOf"],
        "region": prices["region"],
        "currency": prices["currency"],
        "p99": _P99,
        "rows": [
            {
                "rate": rate,
                "perMillion": {
                    offer["path"]: offer["month"] / (rate * _MONTH) * 1e6 for offer in recommendation["offers"]
                },
            }
            for rate, recommendation in found.items()
        ],
    }
