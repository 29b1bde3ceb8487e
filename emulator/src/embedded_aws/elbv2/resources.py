"""Load balancers, listeners and target groups of a template, and what Elastic Load Balancing tells of their health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.services import alb

from embedded_aws.cloudformation.wrapping import after, before, before_delete
from embedded_aws.elbv2.targets import HealthCheck, State, TargetGroup
from embedded_aws.patching import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.elbv2.balancers import Balancers

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"

_TIMEOUTS = {"HTTP": 6, "TCP": 10}  # AWS's defaults, in seconds
_DRAINING = 300  # AWS's default, in seconds
_REASONS = {
    State.INITIAL: ("Elb.RegistrationInProgress", "Target registration is in progress"),
    State.UNHEALTHY: ("Target.FailedHealthChecks", "Health checks failed"),
    State.DRAINING: ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
}


def install(balancers: Balancers) -> None:
    """Lets the three types act on `balancers`."""

    def apply_group(arn: str, properties: dict[str, Any]) -> None:
        group = target_group(properties)
        if balancers.knows(arn):
            balancers.change_group(arn, group)
        else:
            balancers.add_group(arn, group)

    def apply_listener(arn: str, properties: dict[str, Any]) -> None:
        dns_name = alb._lbs[properties["LoadBalancerArn"]]["DNSName"]
        balancers.listen(arn, dns_name, int(properties["Port"]), _forward_target(properties))

    before(LOAD_BALANCER, _check_load_balancer)
    before(TARGET_GROUP, _check_target_group)
    before(LISTENER, _check_listener)
    after(TARGET_GROUP, apply_group)
    after(LISTENER, apply_listener)
    before_delete(TARGET_GROUP, balancers.remove_group)
    before_delete(LISTENER, balancers.silence)
    replace(alb, "_ACTION_MAP", lambda original: _with_real_health(original, balancers))


def target_group(properties: dict[str, Any]) -> TargetGroup:
    """What a template's target group is."""
    protocol, port = properties.get("HealthCheckProtocol", "TCP"), int(properties["Port"])
    checked = properties.get("HealthCheckPort", "traffic-port")
    attributes = {one["Key"]: one["Value"] for one in properties.get("TargetGroupAttributes") or []}
    check = HealthCheck(
        path=properties.get("HealthCheckPath", "/") if protocol == "HTTP" else None,
        port=port if checked == "traffic-port" else int(checked),
        codes=codes((properties.get("Matcher") or {}).get("HttpCode", "200-399")),
        timeout=float(properties.get("HealthCheckTimeoutSeconds", _TIMEOUTS[protocol])),
        healthy=int(properties.get("HealthyThresholdCount", 5)),
        unhealthy=int(properties.get("UnhealthyThresholdCount", 2)),
    )
    return TargetGroup(port, check, float(attributes.get("deregistration_delay.timeout_seconds", _DRAINING)))


def codes(matcher: str) -> frozenset[int]:
    """`200,300-302` as numbers."""
    ranges = [part.split("-") for part in matcher.split(",")]
    return frozenset(code for one in ranges for code in range(int(one[0]), int(one[-1]) + 1))


def _refuse(what: str) -> None:
    raise ValueError(f"the emulator does not support {what}: emulator/README.md lists what it makes")


def _check_load_balancer(properties: dict[str, Any]) -> None:
    if properties.get("Type", "application") != "network":
        _refuse(f"load balancers of type {properties.get('Type', 'application')}")


def _check_target_group(properties: dict[str, Any]) -> None:
    if properties.get("Protocol") != "TCP":
        _refuse(f"target groups with the protocol {properties.get('Protocol')}")
    if properties.get("TargetType", "instance") != "instance":
        _refuse(f"targets of type {properties['TargetType']}")
    if properties.get("HealthCheckProtocol", "TCP") not in _TIMEOUTS:
        _refuse(f"health checks by {properties['HealthCheckProtocol']}")


def _check_listener(properties: dict[str, Any]) -> None:
    if properties.get("Protocol") != "TCP":
        _refuse(f"listeners with the protocol {properties.get('Protocol')}")
    _forward_target(properties)


def _forward_target(properties: dict[str, Any]) -> str:
    actions = properties.get("DefaultActions") or []
    if len(actions) != 1 or not actions[0].get("TargetGroupArn"):
        _refuse("listeners that do not forward to one target group")
    return str(actions[0]["TargetGroupArn"])


def _with_real_health(actions: dict[str, Callable[..., Any]], balancers: Balancers) -> dict[str, Callable[..., Any]]:
    original = actions["DescribeTargetHealth"]

    def describe(parameters: dict[str, Any]) -> Any:
        arn = alb._p(parameters, "TargetGroupArn")
        if not balancers.knows(arn):
            return original(parameters)
        states, asked = balancers.states(arn), [one["Id"] for one in alb._parse_targets_param(parameters)]
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
