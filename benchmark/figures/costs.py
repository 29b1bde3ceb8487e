"""Computes what a million requests cost on each path, by `cdk-tensorflow recommend`."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benchmark.digits import REPOSITORY, optimize
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
        found = {rate: _recommended(Path(directory) / "optimized", rate) for rate in _RATES}
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


def _recommended(artifact: Path, rate: int) -> dict[str, Any]:
    program = [
        "node",
        str(REPOSITORY / "node_modules" / "tsx" / "dist" / "cli.mjs"),
        str(REPOSITORY / "cli" / "main.ts"),
    ]
    wanted = ["recommend", str(artifact), "--rate", str(rate), "--p99", f"{_P99}ms", "--json"]
    done = subprocess.run([*program, *wanted], capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    found: dict[str, Any] = json.loads(done.stdout)
    return found
