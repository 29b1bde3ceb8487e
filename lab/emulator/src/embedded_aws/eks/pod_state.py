"""State of a pod, in Kubernetes' own words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_LOG_LINES = 80
_LOG_CHARACTERS = 2048
"""Lines and characters that kubelet takes from a log into a termination message."""


@dataclass(frozen=True)
class Ended:
    """End of a container.

    Attributes:
        exit_code: its own, or 128 and the signal.
        log: how its log ends.
    """

    exit_code: int
    log: str


@dataclass(frozen=True)
class PodState:
    """State of a pod.

    Attributes:
        ready: whether its readiness probe succeeds.
        waiting: why a container does not run, in Kubernetes' words, such as ContainerCreating; None: all run.
        message: more of that.
        initialized: whether its init containers have ended well.
        restarts: how often the container was started again.
        annotations: what the pod gets to know of itself.
        container: the one that waits; empty where all of its kind do.
        ended: how the container ended last.
        unhealthy: what its readiness probe got instead of an answer.
        address: its IP address; one that nothing answers at where empty.
    """

    ready: bool
    waiting: str | None = None
    message: str = ""
    initialized: bool = True
    restarts: int = 0
    annotations: tuple[tuple[str, str], ...] = ()
    container: str = ""
    ended: Ended | None = None
    unhealthy: str = ""
    address: str = ""


def status_of(pod: dict[str, Any], state: PodState) -> dict[str, Any]:
    """Return the status that kubelet would report."""
    now = timestamp()
    conditions = {
        "PodScheduled": True,
        "Initialized": state.initialized,
        "ContainersReady": state.ready,
        "Ready": state.ready,
    }
    address = state.address or f"10.1.0.{sum(pod['metadata']['uid'].encode()) % 250 + 1}"
    init = pod["spec"].get("initContainers", [])
    names = [container["name"] for container in init]
    reached = names.index(state.container) if state.container in names else 0
    return {
        "phase": "Running" if state.initialized else "Pending",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": now,
        "conditions": [
            {"type": kind, "status": "True" if value else "False", "lastTransitionTime": now}
            for kind, value in conditions.items()
        ],
        "initContainerStatuses": [
            _completed(container)
            if state.initialized or position < reached
            else _container(container, state, now)
            if position == reached or not state.container
            else _waiting(container)
            for position, container in enumerate(init)
        ],
        "containerStatuses": [
            _container(container, state, now) if state.initialized else _waiting(container)
            for container in pod["spec"]["containers"]
        ],
    }


def timestamp() -> str:
    """Return the time, as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _completed(container: dict[str, Any]) -> dict[str, Any]:
    return _status(container, {"terminated": {"exitCode": 0, "reason": "Completed"}}, ready=True, started=False)


def _waiting(container: dict[str, Any]) -> dict[str, Any]:
    return _status(container, {"waiting": {"reason": "PodInitializing"}}, ready=False, started=False)


def _container(container: dict[str, Any], state: PodState, now: str) -> dict[str, Any]:
    if state.waiting:
        said = {"reason": state.waiting, "message": state.message}
        described: dict[str, Any] = {"waiting": {name: text for name, text in said.items() if text}}
    else:
        described = {"running": {"startedAt": now}}
    status = _status(container, described, ready=state.ready, started=not state.waiting)
    return {**status, "restartCount": state.restarts, "lastState": _last(container, state.ended, now)}


def _last(container: dict[str, Any], ended: Ended | None, now: str) -> dict[str, Any]:
    if ended is None:
        return {}
    failed = ended.exit_code != 0
    last = {
        "exitCode": ended.exit_code,
        "reason": "Error" if failed else "Completed",
        "startedAt": now,
        "finishedAt": now,
    }
    if failed and container.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        last["message"] = "\n".join(ended.log.splitlines()[-_LOG_LINES:])[-_LOG_CHARACTERS:]
    return {"terminated": last}


def _status(container: dict[str, Any], state: dict[str, Any], *, ready: bool, started: bool) -> dict[str, Any]:
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "none",
        "ready": ready,
        "started": started,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }
