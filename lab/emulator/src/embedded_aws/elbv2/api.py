"""Elastic Load Balancing's DescribeTargetHealth: reports what the health checks found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.services import alb

from embedded_aws.elbv2.targets import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.elbv2.balancers import Balancers

_REASONS = {
    State.INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    State.UNHEALTHY: ("Target.FailedHealthChecks", "Health checks failed"),
    State.DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


def with_real_health(actions: dict[str, Callable[..., Any]], balancers: Balancers) -> dict[str, Callable[..., Any]]:
    """Reports the states of targets that are instances of a group; MiniStack answers for the others."""
    original = actions["DescribeTargetHealth"]

    def describe(parameters: dict[str, Any]) -> Any:
        arn = alb._p(parameters, "TargetGroupArn")
        if not balancers.knows(arn):
            return original(parameters)
        states, asked = balancers.states(arn), [target["Id"] for target in alb._parse_targets_param(parameters)]
        members = "".join(_member(name, states.get(name), alb._tgs[arn]["Port"]) for name in asked or states)
        return alb._xml(200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>")

    return {**actions, "DescribeTargetHealth": describe}


def _member(name: str, state: State | None, port: int) -> str:
    code, description = ("Target.NotRegistered", "Target is not registered to the target group")
    if state:
        code, description = _REASONS.get(state, ("", ""))
    reason = f"<Reason>{code}</Reason><Description>{description}</Description>" if code else ""
    return (
        f"<member><Target><Id>{escape(name)}</Id><Port>{port}</Port></Target>"
        f"<TargetHealth><State>{state.value if state else 'unused'}</State>{reason}</TargetHealth></member>"
    )
