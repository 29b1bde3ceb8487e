"""Execution environments of `provided.al2023`: an executable named bootstrap that speaks the Runtime API."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.awslambda.runtime_api import RuntimeApi
from embedded_aws.awslambda.worker import Outcome, Worker

if TYPE_CHECKING:
    from pathlib import Path

RUNTIME = "provided.al2023"
"""The one OS-only runtime that runs here."""

_POLL = 0.05
_FINISH_LIMIT = 10.0  # seconds for what a runtime does after its answer, for its log above all


class EntrypointError(ValueError):
    """An executable bootstrap is missing in the code and in the layers."""


def bootstrap_of(task: Path, opt: Path) -> str:
    """Returns the path that the function sees of its bootstrap: the code's, else a layer's.

    Args:
        task: shown at /var/task.
        opt: shown at /opt.

    Raises:
        EntrypointError: there is none, or the first one is not executable.
    """
    for directory, shown in ((task, "/var/task/bootstrap"), (opt, "/opt/bootstrap")):
        found = directory / "bootstrap"
        if found.is_file():
            if not found.stat().st_mode & 0o111:
                raise EntrypointError(f"Error: fork/exec {shown}: permission denied")
            return shown
    raise EntrypointError("Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


@dataclass
class CustomRuntimeWorker(Worker):
    """Exchanges events and answers over the Runtime API; everything that the process prints is its log."""

    _api: RuntimeApi | None = None

    replies_on_stdout = False

    def start(self) -> Outcome | None:
        """Serves the Runtime API and starts the bootstrap, which is ready once it asks for an event."""
        self._api = RuntimeApi(lambda reply: self._replies.put(json.dumps(reply)))
        self.environment = {**self.environment, "AWS_LAMBDA_RUNTIME_API": self._api.address}
        return super().start()

    def stop(self) -> None:
        """Ends the process, then the API that it asks."""
        super().stop()
        api, self._api = self._api, None
        if api:
            api.close()

    def _send(self, message: dict[str, Any]) -> None:
        if self._api and "event" in message:
            self._api.offer(message["event"], message["ctx"])

    def _error(self, reply: dict[str, Any]) -> Outcome:
        return Outcome(reply["payload"], True, self._printed_with_init(), reply["status"] != "init error", self._peak())

    def _printed_with_init(self) -> str:
        """Returns the output since the last call: until the runtime asks for its next event, or has ended."""
        deadline = time.monotonic() + _FINISH_LIMIT
        while self._api and self.alive and time.monotonic() < deadline and not self._api.idle.wait(_POLL):
            pass
        return super()._printed_with_init()

    def _read_replies(self) -> None:
        if process := self._process:
            process.wait()
        self._replies.put(None)
