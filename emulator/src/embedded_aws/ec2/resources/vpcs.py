"""Networks of a template: the attributes that MiniStack does not give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from embedded_aws.patching import rely_on

if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> None:
    """Completes networks and subnets."""
    rely_on(ec2, "_vpcs", "_subnets")
    _complete("AWS::EC2::VPC", lambda vpc: {"CidrBlock": ec2._vpcs[vpc]["CidrBlock"]})
    _complete("AWS::EC2::Subnet", lambda subnet: {name: ec2._subnets[subnet][name] for name in ("CidrBlock", "VpcId")})


def _complete(resource_type: str, more: Callable[[str], dict[str, str]]) -> None:
    handler = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handler["create"], handler["update"]

    def completed_create(*arguments: Any) -> tuple[str, dict[str, Any]]:
        physical_id, attributes = create(*arguments)
        return physical_id, {**attributes, **more(physical_id)}

    def completed_update(*arguments: Any) -> tuple[str, dict[str, Any]]:
        physical_id, attributes = update(*arguments)
        return physical_id, {**attributes, **more(physical_id)}

    handler["create"], handler["update"] = completed_create, completed_update
