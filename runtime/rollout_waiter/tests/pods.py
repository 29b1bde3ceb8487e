"""Pods and events as Kubernetes' API gives them out, in the words of kubelet and the scheduler."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

NAMESPACE = "models"
NAME = "digits-5d8f7c6b9-abcde"
ROLLOUT = "cdk-tensorflow/rollout"


def pod(name: str, *, init: list[Object], main: list[Object], ready: bool = False, **status: Any) -> Object:
    initialized = all("terminated" in entry["state"] for entry in init)
    conditions = {"PodScheduled": True, "Initialized": initialized, "ContainersReady": ready, "Ready": ready}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "uid": f"uid-of-{name}"},
        "spec": {"nodeName": "i-0123456789abcdef0"},
        "status": {
            "phase": "Running" if initialized else "Pending",
            "conditions": [{"type": kind, "status": str(value)} for kind, value in conditions.items()],
            "initContainerStatuses": init,
            "containerStatuses": main,
            **status,
        },
    }


def container(
    name: str, state: Object, *, last: Object | None = None, restarts: int = 0, ready: bool = False
) -> Object:
    return {
        "name": name,
        "image": "docker.io/tensorflow/serving:2.20.0",
        "ready": ready,
        "started": "running" in state,
        "restartCount": restarts,
        "state": state,
        "lastState": {"terminated": last} if last else {},
    }


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}


def terminated(code: int, reason: str = "Error", message: str = "") -> Object:
    times = {"startedAt": "2026-11-25T20:58:41Z", "finishedAt": "2026-11-25T20:58:41Z"}
    return {"exitCode": code, "reason": reason, **times, **({"message": message} if message else {})}


def event(reason: str, message: str, name: str = NAME, at: str = "2026-11-25T20:59:00Z") -> Object:
    whose = {"kind": "Pod", "namespace": NAMESPACE, "name": name}
    return {"type": "Warning", "reason": reason, "message": message, "involvedObject": whose, "lastTimestamp": at}


COPIED = container("copy-model", {"terminated": terminated(0, "Completed")}, ready=True)
VERIFIED = container("verify-model", {"terminated": terminated(0, "Completed")}, ready=True)
NOT_YET = container("tensorflow-serving", waiting("PodInitializing"))
RUNNING = container("tensorflow-serving", {"running": {"startedAt": "2026-11-25T20:58:41Z"}})

FLIPPED_BYTE = (
    "variables/variables.data-00000-of-00001: FAILED\nsha256sum: WARNING: 1 computed checksum did NOT match\n"
)


def refused(name: str = NAME, *, log: str = FLIPPED_BYTE, restarts: int = 3) -> Object:
    """The model's check has failed."""
    back_off = f"back-off 40s restarting failed container=verify-model pod={name}_{NAMESPACE}(uid)"
    ended = terminated(1, message=log)
    check = container("verify-model", waiting("CrashLoopBackOff", back_off), last=ended, restarts=restarts)
    return pod(name, init=[COPIED, check], main=[NOT_YET])


def crashing(name: str = NAME, *, code: int = 1, reason: str = "Error", log: str = "", restarts: int = 3) -> Object:
    """The server ends again and again."""
    back_off = f"back-off 40s restarting failed container=tensorflow-serving pod={name}_{NAMESPACE}(uid)"
    ended = terminated(code, reason, log)
    server = container("tensorflow-serving", waiting("CrashLoopBackOff", back_off), last=ended, restarts=restarts)
    return pod(name, init=[COPIED, VERIFIED], main=[server])


PULL = (
    'failed to pull and unpack image "docker.io/tensorflow/serving:9.9.9": failed to resolve reference '
    '"docker.io/tensorflow/serving:9.9.9": docker.io/tensorflow/serving:9.9.9: not found'
)


def unpullable(name: str = NAME, reason: str = "ImagePullBackOff", message: str | None = None) -> Object:
    """The image is not there."""
    said = f'Back-off pulling image "tensorflow/serving:9.9.9": ErrImagePull: {PULL}' if message is None else message
    check = {**container("verify-model", waiting(reason, said)), "image": "tensorflow/serving:9.9.9"}
    return pod(name, init=[COPIED, check], main=[NOT_YET])


def unschedulable(name: str = NAME) -> Object:
    """No node has room."""
    said = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No victims found"
    made = pod(name, init=[], main=[])
    made["status"] = {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": said}],
    }
    return made


def unready(name: str = NAME) -> Object:
    """The server runs, and its probe is never answered well."""
    return pod(name, init=[COPIED, VERIFIED], main=[RUNNING])


def available(name: str = NAME) -> Object:
    """A pod that serves."""
    return pod(name, init=[COPIED, VERIFIED], main=[{**RUNNING, "ready": True}], ready=True)


def replica_set(
    count: int = 0, *, created: str = "2026-11-25T20:58:00Z", conditions: list[Object] | None = None
) -> Object:
    return {
        "metadata": {"name": "digits-5d8f7c6b9", "creationTimestamp": created},
        "status": {"replicas": 3, **({"availableReplicas": count} if count else {}), "conditions": conditions or []},
    }


def deployment(*conditions: Object, observed: int = 2) -> Object:
    return {
        "metadata": {"name": "digits", "generation": 2},
        "status": {"observedGeneration": observed, "conditions": list(conditions)},
    }
