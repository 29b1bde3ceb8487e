"""Writes the record of a build, which BatchGetBuilds shows, and its log stream."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.codebuild.request import BuildRequest

_log = logging.getLogger("embedded_aws.codebuild")


class BuildRecord:
    """Writes down the course of one build.

    Attributes:
        build: in the API's form; other requests read it while it changes.
    """

    def __init__(self, build: dict[str, Any], emit: Callable[[str], None]) -> None:
        self.build = build
        self._emit = emit
        self._lock = threading.Lock()

    def line(self, text: str) -> None:
        """Writes a line of the build's log."""
        self._emit(text)
        _log.info("%s %s", self.build["id"].partition(":")[0], text)

    def begin(self, phase: str) -> None:
        """Starts a phase."""
        with self._lock:
            self.build["currentPhase"] = phase
            self.build["phases"].append({"phaseType": phase, "startTime": time.time()})
        self.line(f"[Container] Entering phase {phase}")

    def end(self, phase: str, status: str, message: str = "") -> None:
        """Ends a phase."""
        code = "" if status == "SUCCEEDED" else "COMMAND_EXECUTION_ERROR"
        with self._lock:
            entry = next(entry for entry in reversed(self.build["phases"]) if entry["phaseType"] == phase)
            self._close(entry, status, code, message)
        self.line(f"[Container] Phase complete: {phase} State: {status}")
        self.line(f"[Container] Phase context status code: {code} Message: {message}")

    def start(self) -> None:
        """Takes the build out of the queue."""
        with self._lock:
            self._close(self.build["phases"][-1], "SUCCEEDED", "", "")
            self.build["phases"].append(_passed("PROVISIONING"))
            self.build["currentPhase"] = "PROVISIONING"

    def refuse(self, code: str, message: str) -> None:
        """Fails the build before it runs anything."""
        with self._lock:
            self._close(self.build["phases"][-1], "FAILED", code, message)
        self.finish("FAILED", {})

    def finish(self, status: str, exported: dict[str, str]) -> None:
        """Ends the build."""
        with self._lock:
            if self.build.get("buildComplete"):
                return
            for entry in self.build["phases"]:
                if "endTime" not in entry:
                    self._close(entry, status, "", "")
            now = time.time()
            self.build["phases"] += [
                {
                    "phaseType": "FINALIZING",
                    "phaseStatus": "SUCCEEDED",
                    "startTime": now,
                    "endTime": now,
                    "durationInSeconds": 0,
                },
                {"phaseType": "COMPLETED", "startTime": now},
            ]
            self.build["exportedEnvironmentVariables"] = [
                {"name": name, "value": value} for name, value in exported.items()
            ]
            self.build.update(currentPhase="COMPLETED", endTime=now, buildStatus=status, buildComplete=True)
        _log.info("%s %s", self.build["id"], status)

    @staticmethod
    def _close(entry: dict[str, Any], status: str, code: str, message: str) -> None:
        now = time.time()
        entry.update(phaseStatus=status, endTime=now, durationInSeconds=round(now - entry["startTime"]))
        entry["contexts"] = [{"statusCode": code, "message": message}]


def _passed(phase: str) -> dict[str, Any]:
    now = time.time()
    return {"phaseType": phase, "phaseStatus": "SUCCEEDED", "startTime": now, "endTime": now, "durationInSeconds": 0}


@dataclass(frozen=True)
class Identity:
    """The names of one build.

    Attributes:
        build_id: `project:uuid`.
        arn: of the build.
        number: of the build within its project.
        initiator: who started it.
        console: the address of the build's log.
    """

    build_id: str
    arn: str
    number: int
    initiator: str
    console: str


def new_build(request: BuildRequest, identity: Identity) -> dict[str, Any]:
    """The record of a build that waits for its turn.

    Args:
        request: the project, overridden.
        identity: of the build.
    """
    now = time.time()
    project = request.project
    group, prefix = request.log_group
    stream = identity.build_id.partition(":")[2]
    return {
        "id": identity.build_id,
        "arn": identity.arn,
        "buildNumber": identity.number,
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "projectName": project["name"],
        "phases": [_passed("SUBMITTED"), {"phaseType": "QUEUED", "startTime": now}],
        **{
            name: project[name] for name in ("source", "environment", "serviceRole", "encryptionKey") if name in project
        },
        "artifacts": {"location": project.get("artifacts", {}).get("location", "")},
        **({"sourceVersion": project["sourceVersion"]} if project.get("sourceVersion") else {}),
        "timeoutInMinutes": int(project.get("timeoutInMinutes") or 60),
        "queuedTimeoutInMinutes": int(project.get("queuedTimeoutInMinutes") or 480),
        "logs": {
            "groupName": group,
            "streamName": f"{prefix}/{stream}" if prefix else stream,
            "deepLink": identity.console,
        },
        "initiator": identity.initiator,
    }
