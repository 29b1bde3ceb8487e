"""Tells CloudWatch how many requests the server answered and failed, how long they took, and which captures it dropped.

Every minute it reads the server's own counters and writes one event in the embedded metric format to CloudWatch Logs.
Runs on Amazon Linux 2023 with what its image has: Python 3.9 and the AWS CLI.
"""

from __future__ import annotations

import json
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Dict, Tuple

from cloudwatch import NotSentError, Stream

Counters = Dict[Tuple[str, str], float]
LINE = re.compile(
    r"(?::tensorflow:serving|model_server):"
    r"(request_count|request_latency_sum|request_latency_count|dropped_captures)\{(.*)\} (\S+)"
)
#: Labels that distinguish the samples of a counter. Samples of the other counters differ in their API.
DISTINGUISHING_LABELS = {"request_count": "status", "dropped_captures": "reason"}
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
#: Statuses that are no failure of the server. FAILED_PRECONDITION is an unknown signature by gRPC.
REFUSED = {"OK", "INVALID_ARGUMENT", "FAILED_PRECONDITION", "NOT_FOUND", "OUT_OF_RANGE", "UNIMPLEMENTED", "CANCELLED"}
#: The API of requests on the model itself, as health checks send them; predictions have a name there.
STATUS_API = ""
#: TLS context for the server on this machine: the name in its certificate does not matter.
UNVERIFIED = ssl.create_default_context()
UNVERIFIED.check_hostname = False
UNVERIFIED.verify_mode = ssl.CERT_NONE
UNITS = {"Requests": "Count", "Errors": "Count", "Latency": "Milliseconds", "DroppedCaptures": "Count"}


def main(path: str, seconds: float) -> None:
    settings = json.loads(Path(path).read_text())
    instance = Path("/var/lib/cloud/data/instance-id").read_text().strip()
    stream = Stream(settings, f"{instance}/metrics")
    before: Counters | None = None
    while True:
        before = report(settings, instance, stream, before)
        time.sleep(seconds)


def report(settings: Any, instance: str, stream: Stream, before: Counters | None) -> Counters | None:
    """Send the changes since the last report, and return the counters that the next one is compared with.

    Without counters of before nothing is sent: what a server answered before this program started was reported then.
    """
    try:
        now = parse(read(settings["url"]), settings["model"])
        if before is not None:
            values = event(settings, instance, difference(before, now))
            stream.put([{"timestamp": values["_aws"]["Timestamp"], "message": json.dumps(values)}])
    except (NotSentError, OSError, HTTPException, ValueError) as error:
        # The next event includes what was not sent: the counters go on.
        print(f"no metrics this time: {error}", file=sys.stderr, flush=True)
        return {} if is_down(error) else before
    return now


def is_down(error: Exception) -> bool:
    """Tell whether no server runs: the next one counts from zero, and so do the requests of its first minute."""
    return isinstance(error, urllib.error.URLError) and isinstance(error.reason, ConnectionRefusedError)


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10, context=UNVERIFIED) as response:
        return str(response.read().decode())


def parse(page: str, model: str) -> Counters:
    """The server's counters of one model, by name and by status for requests, by API for their latency.

    Those of captured requests, which the LiteRT server has where it captures, are by reason and of no model.
    """
    counters: Counters = {}
    for name, labels, value in LINE.findall(page):
        given = dict(LABEL.findall(labels))
        if given.get("model_name", model) == model:
            key = (name, given.get(DISTINGUISHING_LABELS.get(name, "API"), ""))
            counters[key] = counters.get(key, 0.0) + float(value)
    return counters


def difference(before: Counters, now: Counters) -> dict[str, Any]:
    """Return the difference of two pages. A server that has restarted counts from nothing.

    Without requests there is no latency, and of a server that does not capture no number of dropped captures.
    """
    restarted = any(now.get(key, 0.0) < value for key, value in before.items())
    since = {key: value - (0.0 if restarted else before.get(key, 0.0)) for key, value in now.items()}

    def counts(metric: str) -> dict[str, float]:
        return {label: count for (name, label), count in since.items() if name == metric}

    requests, answered = counts("request_count"), counts("request_latency_count")
    values: dict[str, Any] = {
        # The count of requests has health checks in it, which only the latency tells apart.
        "Requests": max(0.0, sum(requests.values()) - answered.pop(STATUS_API, 0.0)),
        "Errors": sum(count for status, count in requests.items() if status not in REFUSED),
    }
    if predictions := sum(answered.values()):
        total = sum(value for api, value in counts("request_latency_sum").items() if api != STATUS_API)
        values["Latency"] = total / predictions / 1000
    if dropped := counts("dropped_captures"):
        values["DroppedCaptures"] = sum(dropped.values())
        values["DroppedByReason"] = {reason: count for reason, count in dropped.items() if count}
    return values


def event(settings: Any, instance: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return an event in the embedded metric format. What is no metric is only a part of the log."""
    dimensions = {"FleetName": settings["fleet"], "ModelName": settings["model"]}
    metrics = [{"Name": name, "Unit": unit} for name, unit in UNITS.items() if name in values]
    described = {"Namespace": settings["namespace"], "Dimensions": [list(dimensions)], "Metrics": metrics}
    header = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    return {"_aws": header, **dimensions, "InstanceId": instance, **values}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
