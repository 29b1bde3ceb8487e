"""Tells CloudWatch how many requests TensorFlow Serving answered, how many failed and how long they took.

Every minute it reads the server's own counters and writes one event in the embedded metric format to CloudWatch Logs.
Runs on Amazon Linux 2023 with what its image has: Python 3.9 and the AWS CLI.
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any, Dict, Tuple

from cloudwatch import NotSentError, Stream

Counters = Dict[Tuple[str, str], float]
LINE = re.compile(r":tensorflow:serving:(request_count|request_latency_sum|request_latency_count)\{(.*)\} (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: Through the fault of the request, and not of the server.
REFUSED = {"OK", "INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE", "UNIMPLEMENTED", "CANCELLED"}
UNITS = {"Requests": "Count", "Errors": "Count", "Latency": "Milliseconds"}


def main(path: str, seconds: float) -> None:
    settings = json.loads(Path(path).read_text())
    instance = Path("/var/lib/cloud/data/instance-id").read_text().strip()
    stream = Stream(settings, f"{instance}/metrics")
    before: Counters | None = None
    while True:
        try:
            now = parse(read(settings["url"]), settings["model"])
            if before is not None:
                values = event(settings, instance, difference(before, now))
                stream.put([{"timestamp": values["_aws"]["Timestamp"], "message": json.dumps(values)}])
            before = now
        except (NotSentError, OSError, ValueError) as error:
            # What was not sent is in the next event: the counters go on.
            print(f"no metrics this time: {error}", file=sys.stderr, flush=True)
        time.sleep(seconds)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as response:
        return str(response.read().decode())


def parse(page: str, model: str) -> Counters:
    """The server's counters of one model, by name and, for requests, by status."""
    counters: Counters = {}
    for name, labels, value in LINE.findall(page):
        given = dict(LABEL.findall(labels))
        if given.get("model_name") == model:
            key = (name, given.get("status", ""))
            counters[key] = counters.get(key, 0.0) + float(value)
    return counters


def difference(before: Counters, now: Counters) -> dict[str, float]:
    """Return the difference of two pages. A server that has restarted counts from nothing."""
    restarted = any(now.get(key, 0.0) < value for key, value in before.items())
    since = {key: value - (0.0 if restarted else before.get(key, 0.0)) for key, value in now.items()}
    requests = {status: count for (name, status), count in since.items() if name == "request_count"}
    values = {
        "Requests": sum(requests.values()),
        "Errors": sum(count for status, count in requests.items() if status not in REFUSED),
    }
    answered = since.get(("request_latency_count", ""), 0.0)
    if answered:
        values["Latency"] = since[("request_latency_sum", "")] / answered / 1000
    return values


def event(settings: Any, instance: str, values: dict[str, float]) -> dict[str, Any]:
    dimensions = {"FleetName": settings["fleet"], "ModelName": settings["model"]}
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in values]
    described = {"Namespace": settings["namespace"], "Dimensions": [list(dimensions)], "Metrics": metrics}
    header = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    return {"_aws": header, **dimensions, "InstanceId": instance, **values}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
