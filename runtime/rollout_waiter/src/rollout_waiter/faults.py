"""Finds out from Kubernetes' objects why pods are not available. Pure: it sends no requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]

#: Waiting reasons of a container that is being started.
_STARTING = frozenset({"ContainerCreating", "PodInitializing"})
#: Waiting reasons that do not pass: the image's name or pull policy is wrong.
_WRONG_IMAGE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_PULL = frozenset({"ErrImagePull", "ImagePullBackOff"})

#: Restarts that are a fault: a container that starts before what it needs, such as the pods' role, has a few.
_MANY_RESTARTS = 5
_CRASH_SECONDS = 120.0
#: Time in which a pull may fail: a registry may be down for a while, or refuse too many pulls.
_PULL_SECONDS = 300.0
_REFUSED_SECONDS = 60.0

#: IPv4 address, which is replaced in messages so that pods with the same fault can be counted.
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


@dataclass(frozen=True)
class Fault:
    """The reason why a pod is not available, or an instance must not go on.

    Attributes:
        what: Description without the pod's name, so that pods with the same fault can be counted.
        pod: Name of the pod, or id of the instance; empty if none was created.
        container: The container that does not start; empty if the fault is the pod's.
        log: End of that container's log.
        previous: Whether that log is of the container before its restart.
        give_up_seconds: How long such a fault may be temporary; None if it may end at any time.
    """

    what: str
    pod: str = ""
    container: str = ""
    log: str = field(default="", compare=False)
    previous: bool = False
    give_up_seconds: float | None = None


def faults_of(
    pods: list[Object], events: list[Object], replica_set: Object | None, deployment: Object | None
) -> list[Fault]:
    """Return the faults of a rollout: of each pod that is not available, or the reason why there are no pods."""
    faults = [fault for pod in pods if (fault := _fault_of(pod, _warnings(events, pod["metadata"]["name"])))]
    refused = _refused(replica_set, deployment)
    if refused:
        return [*faults, refused]
    return faults if pods else [_no_pods(replica_set, deployment)]


def restarted(pod: Object, known: dict[tuple[str, str], int]) -> list[Fault]:
    """Return the restarts of a pod's containers since an earlier look.

    Args:
        pod: The pod.
        known: Number of restarts by the pod's uid and the container; those of new containers are added.
    """
    name, faults = pod["metadata"]["name"], []
    for container in pod.get("status", {}).get("containerStatuses") or []:
        count = container.get("restartCount", 0)
        if count > known.setdefault((pod["metadata"]["uid"], container["name"]), count):
            ended = container.get("lastState", {}).get("terminated") or {"exitCode": "unknown"}
            faults.append(_ended(name, container, ended, ""))
    return faults


def condition(owner: Object | None, kind: str) -> Object | None:
    """Return an object's condition of one type, or None."""
    conditions = (owner or {}).get("status", {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), None)


def _refused(replica_set: Object | None, deployment: Object | None) -> Fault | None:
    for owner in (replica_set, deployment):
        failure = condition(owner, "ReplicaFailure") or {}
        if failure.get("status") == "True":
            return Fault(_said("Kubernetes makes no pod", failure), give_up_seconds=_REFUSED_SECONDS)
    return None


def _no_pods(replica_set: Object | None, deployment: Object | None) -> Fault:
    if deployment is None:
        return Fault("there is no Deployment of this name: something else deleted it")
    if replica_set is None:
        return Fault("Kubernetes made no ReplicaSet of the new pods: something else changed the Deployment")
    return Fault("Kubernetes made no pod, and does not say why")


def _fault_of(pod: Object, warnings: list[str]) -> Fault | None:
    name, status = pod["metadata"]["name"], pod.get("status", {})
    if pod["metadata"].get("deletionTimestamp"):
        return None
    if status.get("phase") == "Failed":
        return Fault(_said("the pod failed", status), name)
    scheduled = condition(pod, "PodScheduled") or {}
    if scheduled.get("status") == "False":
        return Fault(_said("no node takes the pod", scheduled), name)
    containers = _containers(pod)
    stopped = (_stopped(name, container, warnings) for container in containers)
    fault = next((entry for entry in stopped if entry), None)
    if fault:
        return fault
    for container in containers:
        if "running" in container.get("state", {}) and not container.get("ready"):
            return _unready(name, container, warnings)
    return _unavailable(pod, warnings)


def _stopped(pod: str, container: Object, warnings: list[str]) -> Fault | None:
    """Return why a container does not run, or did not."""
    name, state = container["name"], container.get("state", {})
    waiting = state.get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _WRONG_IMAGE | _PULL:
        # Older kubelets say why only in an event.
        pulls = [text for text in warnings if "Failed to pull image" in text]
        said = {"reason": reason, "message": pulls[-1]} if pulls else waiting
        what = _said(f"the image {container.get('image', '')} of {name} cannot be pulled", _pull_limit(said))
        return Fault(what, pod, name, give_up_seconds=0.0 if reason in _WRONG_IMAGE else _PULL_SECONDS)
    before = None if container.get("ready") else container.get("lastState", {}).get("terminated")
    ended = state.get("terminated") or before
    if ended and ended.get("exitCode", 0) != 0:
        return _ended(pod, container, ended, reason)
    if reason and reason not in _STARTING:
        return Fault(_said(f"{name} cannot start", waiting), pod, name)
    return None


def _pull_limit(said: Object) -> Object:
    """Replace the long answer of a registry that limits pulls by the ways around it."""
    if not re.search(r"toomanyrequests|429 Too Many Requests", said.get("message", ""), re.IGNORECASE):
        return said
    ways = (
        "the registry refuses more pulls for now (429), and counts all that come from one address: give a copy in ECR, "
        "ServingImage.fromEcrRepository(…), or choose ModelServer.LITERT, which needs no image"
    )
    return {**said, "message": ways}


def _ended(pod: str, container: Object, ended: Object, waiting: str) -> Fault:
    name, reason = container["name"], ended.get("reason", "Error")
    how = [f"exit code {ended.get('exitCode')}"]
    how += [f"signal {ended['signal']}"] if ended.get("signal") else []
    how += [] if reason == "Error" else [reason]
    how += [waiting] if waiting and waiting not in _STARTING else []
    memory = ": it needs more memory than memoryLimit gives it" if reason == "OOMKilled" else ""
    return Fault(
        f"{name} ends with {', '.join(how)}{memory}",
        pod,
        name,
        ended.get("message", ""),
        previous="terminated" not in container.get("state", {}),
        give_up_seconds=_CRASH_SECONDS if container.get("restartCount", 0) >= _MANY_RESTARTS else None,
    )


def _unready(pod: str, container: Object, warnings: list[str]) -> Fault:
    probes = [_ADDRESS.sub("the pod", text) for text in warnings if "probe failed" in text]
    why = f": {probes[-1]}" if probes else ""
    return Fault(f"{container['name']} runs and is not ready{why}", pod, container["name"])


def _unavailable(pod: Object, warnings: list[str]) -> Fault | None:
    name, ready = pod["metadata"]["name"], condition(pod, "Ready") or {}
    if ready.get("status") == "True":
        return None
    for gate in pod.get("spec", {}).get("readinessGates") or []:
        reported = condition(pod, gate["conditionType"]) or {}
        if reported.get("status") != "True":
            return Fault(_said(f"the pod's readiness gate {gate['conditionType']} is not met", reported), name)
    if warnings:
        return Fault(f"the pod does not start: {warnings[-1]}", name)
    for container in _containers(pod):
        if "waiting" in container.get("state", {}):
            return Fault(_said(f"{container['name']} is waiting", container["state"]["waiting"]), name)
    return Fault(_said("the pod is not ready", ready), name)


def _containers(pod: Object) -> list[Object]:
    """Return the states of containers, in the order in which they start."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _said(what: str, said: Object) -> str:
    reason = f" ({said['reason']})" if said.get("reason") else ""
    message = f": {said['message'].strip()}" if said.get("message") else ""
    return f"{what}{reason}{message}".rstrip(".")


def _warnings(events: list[Object], pod: str) -> list[str]:
    """Return Kubernetes' warnings about a pod, the latest last."""
    of_pod = [
        event
        for event in events
        if event.get("type", "Warning") == "Warning" and event["involvedObject"]["name"] == pod
    ]
    of_pod.sort(key=lambda entry: str(entry.get("lastTimestamp") or entry.get("eventTime") or ""))
    return [f"{entry.get('message', '').strip()} ({entry.get('reason', '')})" for entry in of_pod]
