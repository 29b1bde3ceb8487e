"""Load balancers, listeners and target groups of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import alb

from embedded_aws.elbv2.targets import HealthCheck, TargetGroup

if TYPE_CHECKING:
    from embedded_aws.elbv2.balancers import Balancers

LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
TARGET_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"

_TIMEOUTS = {"HTTP": 6, "HTTPS": 6, "TCP": 10}  # AWS's defaults, in seconds
_DRAINING = 300  # AWS's default, in seconds


def apply_group(balancers: Balancers, arn: str, properties: dict[str, Any]) -> None:
    """Makes or changes a target group."""
    group = target_group(properties)
    if balancers.knows(arn):
        balancers.change_group(arn, group)
    else:
        balancers.add_group(arn, group)


def apply_listener(balancers: Balancers, arn: str, properties: dict[str, Any]) -> None:
    """Opens a listener's loopback port."""
    dns_name = alb._lbs[properties["LoadBalancerArn"]]["DNSName"]
    balancers.listen(arn, dns_name, int(properties["Port"]), _forward_target(properties))


def target_group(properties: dict[str, Any]) -> TargetGroup:
    """Reads a target group from its template."""
    protocol, port = properties.get("HealthCheckProtocol", "TCP"), int(properties["Port"])
    checked = properties.get("HealthCheckPort", "traffic-port")
    attributes = {attribute["Key"]: attribute["Value"] for attribute in properties.get("TargetGroupAttributes") or []}
    check = HealthCheck(
        path=properties.get("HealthCheckPath", "/") if protocol != "TCP" else None,
        encrypted=protocol == "HTTPS",
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
    return frozenset(code for ends in ranges for code in range(int(ends[0]), int(ends[-1]) + 1))


def _refuse(what: str) -> None:
    raise ValueError(f"the emulator does not support {what}: lab/emulator/README.md lists what it makes")


def check_load_balancer(properties: dict[str, Any]) -> None:
    """Refuses load balancers that are not network load balancers."""
    if properties.get("Type", "application") != "network":
        _refuse(f"load balancers of type {properties.get('Type', 'application')}")


def check_target_group(properties: dict[str, Any]) -> None:
    """Refuses protocols and targets that are not made here."""
    if properties.get("Protocol") != "TCP":
        _refuse(f"target groups with the protocol {properties.get('Protocol')}")
    if properties.get("TargetType", "instance") != "instance":
        _refuse(f"targets of type {properties['TargetType']}")
    if properties.get("HealthCheckProtocol", "TCP") not in _TIMEOUTS:
        _refuse(f"health checks by {properties['HealthCheckProtocol']}")


def check_listener(properties: dict[str, Any]) -> None:
    """Refuses listeners that do not forward TCP to one target group."""
    if properties.get("Protocol") != "TCP":
        _refuse(f"listeners with the protocol {properties.get('Protocol')}")
    _forward_target(properties)


def _forward_target(properties: dict[str, Any]) -> str:
    actions = properties.get("DefaultActions") or []
    if len(actions) != 1 or not actions[0].get("TargetGroupArn"):
        _refuse("listeners that do not forward to one target group")
    return str(actions[0]["TargetGroupArn"])
