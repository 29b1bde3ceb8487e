"""Adds the types of networks that MiniStack lacks, and the attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from embedded_aws.cloudformation.wrapping import add, around
from embedded_aws.ec2.resources import addresses, security_group_rules, vpcs
from embedded_aws.patching import rely_on

if TYPE_CHECKING:
    from collections.abc import Callable


def install() -> None:
    """Completes the resources; instances are started by Auto Scaling groups."""
    rely_on(ec2, "_launch_templates", "_launch_instances_internal", "_instances", "_tags")
    rely_on(ec2, "_vpcs", "_subnets", "_addresses", "_nat_gateways", "_random_ip", "_security_groups")
    rely_on(provisioners, "_ec2_apply_tags", "_ec2_sg_permissions")
    for resource_type, handlers in {**addresses.handlers(), **security_group_rules.handlers()}.items():
        add(resource_type, **handlers)
    for name in ("create", "update"):
        around("AWS::EC2::VPC", name, lambda original: _then(original, vpcs.complete_vpc))
        around("AWS::EC2::Subnet", name, lambda original: _then(original, vpcs.complete_subnet))


def _then(original: Callable[..., vpcs.Made], complete: Callable[[vpcs.Made], vpcs.Made]) -> Callable[..., vpcs.Made]:
    def completed(*arguments: Any) -> vpcs.Made:
        return complete(original(*arguments))

    return completed
