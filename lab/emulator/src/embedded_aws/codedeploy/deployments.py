"""Shifts an alias to a new version, watched by the deployment group's alarms."""

from __future__ import annotations

import json
import secrets
import string
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.services import cloudwatch, lambda_svc

if TYPE_CHECKING:
    from embedded_aws.codedeploy.configurations import Step

_WATCHED_EVERY = 0.2
"""Seconds between two looks at the alarms."""

_ON_ALARM, _ON_REQUEST = "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"
_STOPPED_BY = {_ON_ALARM: "ALARM_ACTIVE", _ON_REQUEST: "MANUAL_STOP"}


class DeploymentError(RuntimeError):
    """A deployment that did not succeed; its message begins with the deployment's id."""


@dataclass(frozen=True)
class Group:
    """A deployment group.

    Attributes:
        application: its application's name.
        name: its own.
        configuration: the name of its deployment configuration.
        steps: of that configuration.
        alarms: the names of the alarms that stop a deployment.
        rollback: the events that take the traffic back.
    """

    application: str
    name: str
    configuration: str
    steps: tuple[Step, ...] = ()
    alarms: tuple[str, ...] = ()
    rollback: frozenset[str] = frozenset()


@dataclass
class Deployment:
    """One deployment, as the API tells it."""

    group: Group
    identifier: str = field(
        default_factory=lambda: "d-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))
    )
    status: str = "InProgress"
    error: dict[str, str] | None = None
    rollback: dict[str, str] | None = None
    created: float = field(default_factory=time.time)
    completed: float | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def end(self, status: str) -> None:
        """Records how it ended."""
        self.status, self.completed = status, time.time()


@dataclass(frozen=True)
class Alias:
    """The alias that a deployment moves."""

    function: str
    name: str

    @property
    def version(self) -> str:
        """The version that it names."""
        return str(lambda_svc._functions[self.function]["aliases"][self.name]["FunctionVersion"])

    def route(self, version: str, percent: int = 0, to: str = "") -> str:
        """Routes all traffic to a version, except `percent` of it `to` another one; returns why Lambda refuses."""
        weights = {to: percent / 100} if percent else {}
        status, _, body = lambda_svc._update_alias(
            self.function,
            self.name,
            {"FunctionVersion": version, "RoutingConfig": {"AdditionalVersionWeights": weights}},
        )
        return str(json.loads(body).get("message")) if status >= 400 else ""


class Deployments:
    """The deployments of all groups, in the order of their beginning."""

    def __init__(self, scale: float) -> None:
        """Starts without deployments.

        Args:
            scale: how long a minute of a configuration takes, in minutes.
        """
        self._scale = scale
        self.all: list[Deployment] = []

    def find(self, identifier: str) -> Deployment | None:
        """The deployment with an id."""
        return next((deployment for deployment in self.all if deployment.identifier == identifier), None)

    def shift(self, group: Group, alias: Alias, version: str) -> None:
        """Moves an alias to a version, and returns when all traffic has moved.

        Raises:
            DeploymentError: an alarm or a request stopped it, and the traffic is back where the group says so; or
                Lambda cannot divide traffic among the two versions.
        """
        running = [
            deployment for deployment in self.all if deployment.group == group and deployment.status == "InProgress"
        ]
        if running:
            raise DeploymentError(
                f"{running[0].identifier} is in progress: a deployment group has one at a time ({group.name})"
            )
        deployment, before = Deployment(group), alias.version
        self.all.append(deployment)
        self._watch(deployment, 0)  # an alarm that is on already lets nothing move
        for step in group.steps:
            if deployment.error:
                break
            refusal = alias.route(before, step.percent, version)
            if refusal:
                deployment.error = {"code": "INVALID_LAMBDA_CONFIGURATION", "message": refusal}
                deployment.end("Failed")
                raise DeploymentError(f"{deployment.identifier} failed. {refusal}")
            self._watch(deployment, step.minutes * 60 * self._scale)
        if deployment.error is None:
            alias.route(version)
            deployment.end("Succeeded")
            return
        deployment.end("Stopped")
        event = next(name for name, code in _STOPPED_BY.items() if code == deployment.error["code"])
        if event in group.rollback:
            self._roll_back(deployment, alias, before)
        raise DeploymentError(f"{deployment.identifier} failed. {deployment.error['message']}")

    def _watch(self, deployment: Deployment, seconds: float) -> None:
        """Waits, unless something stops the deployment."""
        end = time.monotonic() + seconds
        while deployment.error is None:
            deployment.error = _why_stopped(deployment)
            left = end - time.monotonic()
            if left <= 0:
                return
            deployment.stop.wait(min(left, _WATCHED_EVERY))

    def _roll_back(self, stopped: Deployment, alias: Alias, version: str) -> None:
        back = Deployment(stopped.group)
        self.all.append(back)
        alias.route(version)
        back.end("Succeeded")
        back.rollback = {
            "rollbackTriggeringDeploymentId": stopped.identifier,
            "rollbackMessage": (
                f"Deployment {back.identifier} is triggered to roll back deployment {stopped.identifier}."
            ),
        }
        stopped.rollback = {
            "rollbackDeploymentId": back.identifier,
            "rollbackMessage": (
                f"Deployment {stopped.identifier} terminated. Automatic rollback is triggered with a DeploymentId "
                f"{back.identifier}."
            ),
        }


def _why_stopped(deployment: Deployment) -> dict[str, str] | None:
    if deployment.stop.is_set():
        return {"code": _STOPPED_BY[_ON_REQUEST], "message": "The deployment was stopped by a request."}
    active = [name for name in deployment.group.alarms if _state(name) == "ALARM"]
    if not active:
        return None
    return {
        "code": _STOPPED_BY[_ON_ALARM],
        "message": (
            "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
            f"affected deployments have been stopped. Activated alarms: {' '.join(f'<{name}>' for name in active)}"
        ),
    }


def _state(alarm: str) -> Any:
    found: dict[str, Any] = cloudwatch._alarms.get(alarm) or cloudwatch._composite_alarms.get(alarm) or {}
    return found.get("StateValue")
