"""One stream of the fleet's log group, written with the AWS CLI, which the image has.

Python 3.9, as all that runs on an instance.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from typing import Any, Dict, List

#: What `aws logs put-log-events` takes: `timestamp` in milliseconds, and `message`.
Event = Dict[str, Any]


class NotSentError(Exception):
    """CloudWatch Logs was not reached, or refused; the sentence is the AWS CLI's."""


class Stream:
    """A log stream, made when it is first written to.

    Args:
        settings: with `region` and `logGroup`.
        name: the stream's.
    """

    def __init__(self, settings: Any, name: str) -> None:
        self._where = ["--region", settings["region"], "--log-group-name", settings["logGroup"]]
        self._where += ["--log-stream-name", name]
        self._made = False

    def put(self, events: List[Event]) -> int:
        """Write events, which are in the order of time, and say how many CloudWatch rejected as too old or too new.

        Raises:
            NotSentError: none was written.
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
    """How many of `count` events CloudWatch did not keep: those before one index, and those from another on."""
    old = max(information.get("tooOldLogEventEndIndex", 0), information.get("expiredLogEventEndIndex", 0))
    return old + count - information.get("tooNewLogEventStartIndex", count)
