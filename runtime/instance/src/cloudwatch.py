"""Writes one stream of the fleet's log group, using the AWS CLI of the image.

Requires Python 3.9 only, like all programs on an instance.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import Any, Dict, List

#: Event of `aws logs put-log-events`: `timestamp` in milliseconds, and `message`.
Event = Dict[str, Any]


class NotSentError(Exception):
    """CloudWatch Logs was not reachable or rejected the request; the message is the AWS CLI's."""


class Stream:
    """A log stream, created on the first write.

    Args:
        settings: with `region` and `logGroup`.
        name: of the stream.
    """

    def __init__(self, settings: Any, name: str) -> None:
        self._where = ["--region", settings["region"], "--log-group-name", settings["logGroup"]]
        self._where += ["--log-stream-name", name]
        self._made = False

    def put(self, events: List[Event]) -> int:
        """Write events in order of time, and return how many CloudWatch rejected as too old or too new.

        Raises:
            NotSentError: None was written.
        """
        try:
            if not self._made:
                self._make()
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(events, file)
                file.flush()
                answer = self._call("put-log-events", "--log-events", f"file://{file.name}")
        except NotSentError:
            self._made = False  # Somebody may have deleted it.
            raise
        return rejected(json.loads(answer or "{}").get("rejectedLogEventsInfo") or {}, len(events))

    def _make(self) -> None:
        try:
            self._call("create-log-stream")
        except NotSentError as error:
            if "ResourceAlreadyExistsException" not in str(error):
                raise
        self._made = True

    def _call(self, operation: str, *arguments: str) -> str:
        command = ["aws", "logs", operation, *self._where, *arguments, "--output", "json"]
        command += ["--cli-connect-timeout", "10", "--cli-read-timeout", "30"]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
        if result.returncode != 0:
            raise NotSentError(" ".join(result.stderr.split())[:400])
        return result.stdout


def rejected(information: Dict[str, int], count: int) -> int:
    """Return how many of `count` events CloudWatch rejected: those before one index, and those from another on."""
    old = max(information.get("tooOldLogEventEndIndex", 0), information.get("expiredLogEventEndIndex", 0))
    return old + count - information.get("tooNewLogEventStartIndex", count)
