"""Rules of security groups that are resources of their own, which the CDK makes wherever two groups name each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

INGRESS = "AWS::EC2::SecurityGroupIngress"
EGRESS = "AWS::EC2::SecurityGroupEgress"

_MEMBERS = {INGRESS: "IpPermissions", EGRESS: "IpPermissionsEgress"}

Made = tuple[str, dict[str, str]]


def handlers() -> dict[str, dict[str, Callable[..., Any]]]:
    """Returns the handlers of both types."""
    return {resource_type: _handlers(member) for resource_type, member in _MEMBERS.items()}


def _handlers(member: str) -> dict[str, Callable[..., Any]]:
    def create(_: str, properties: dict[str, Any], __: str) -> Made:
        _add(properties, member)
        rule = f"sgr-{uuid4().hex[:17]}"
        return rule, {"Id": rule}

    def update(rule: str, old: dict[str, Any], new: dict[str, Any], *_: Any) -> Made:
        _add(new, member)
        _remove(old, member)
        return rule, {"Id": rule}

    def delete(_: str, properties: dict[str, Any]) -> None:
        _remove(properties, member)

    return {"create": create, "update": update, "delete": delete}


def _add(properties: dict[str, Any], member: str) -> None:
    group = ec2._security_groups.get(properties.get("GroupId"))
    if group is None:
        raise ValueError(f"The security group '{properties.get('GroupId')}' does not exist")
    group.setdefault(member, []).extend(provisioners._ec2_sg_permissions([properties]))


def _remove(properties: dict[str, Any], member: str) -> None:
    group = ec2._security_groups.get(properties.get("GroupId"))
    rules = provisioners._ec2_sg_permissions([properties])
    if group:
        # The first that is alike, not all: another resource may have added the same rule.
        for rule in rules:
            if rule in group[member]:
                group[member].remove(rule)
