"""Elastic addresses and NAT gateways of a template, which MiniStack has in its API only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ministack.core.responses import now_iso
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS = "AWS::EC2::EIP"
NAT_GATEWAY = "AWS::EC2::NatGateway"

Made = tuple[str, dict[str, str]]


def handlers() -> dict[str, dict[str, Callable[..., Any]]]:
    """Returns the handlers of both types."""
    return {
        ADDRESS: {"create": _create_address, "update": _update_tags_of_address, "delete": _delete_address},
        NAT_GATEWAY: {"create": _create_gateway, "update": _update_gateway, "delete": _delete_gateway},
    }


def _create_address(_: str, properties: dict[str, Any], __: str) -> Made:
    allocation, address = f"eipalloc-{uuid4().hex[:17]}", str(ec2._random_ip("52."))
    ec2._addresses[allocation] = {
        "AllocationId": allocation,
        "PublicIp": address,
        "Domain": properties.get("Domain", "vpc"),
        "AssociationId": None,
        "InstanceId": None,
        "NetworkInterfaceId": None,
        "PrivateIpAddress": None,
    }
    provisioners._ec2_apply_tags(allocation, properties)
    return address, {"AllocationId": allocation, "PublicIp": address}


def _allocation(address: str) -> str | None:
    found = (key for key, record in ec2._addresses.items() if record["PublicIp"] == address)
    return next(found, None)


def _update_tags_of_address(address: str, old: dict[str, Any], new: dict[str, Any], *_: Any) -> Made:
    allocation = _allocation(address) or ""
    provisioners._ec2_apply_tags(allocation, new, old)
    return address, {"AllocationId": allocation, "PublicIp": address}


def _delete_address(address: str, _: dict[str, Any]) -> None:
    allocation = _allocation(address)
    if allocation:
        del ec2._addresses[allocation]
        ec2._tags.pop(allocation, None)


def _create_gateway(_: str, properties: dict[str, Any], __: str) -> Made:
    subnet = ec2._subnets.get(properties.get("SubnetId"))
    if subnet is None:
        raise ValueError(f"The subnet ID '{properties.get('SubnetId')}' does not exist")
    allocation = properties.get("AllocationId")
    if allocation and allocation not in ec2._addresses:
        raise ValueError(f"Elastic IP address could not be associated: '{allocation}' does not exist")
    gateway = f"nat-{uuid4().hex[:17]}"
    ec2._nat_gateways[gateway] = {
        "NatGatewayId": gateway,
        "SubnetId": subnet["SubnetId"],
        "VpcId": subnet["VpcId"],
        "AllocationId": allocation or "",
        "ConnectivityType": properties.get("ConnectivityType", "public"),
        "State": "available",
        "CreateTime": now_iso(),
        "Tags": properties.get("Tags", []),
    }
    provisioners._ec2_apply_tags(gateway, properties)
    return gateway, {"NatGatewayId": gateway}


def _update_gateway(gateway: str, old: dict[str, Any], new: dict[str, Any], *_: Any) -> Made:
    provisioners._ec2_apply_tags(gateway, new, old)
    return gateway, {"NatGatewayId": gateway}


def _delete_gateway(gateway: str, _: dict[str, Any]) -> None:
    ec2._nat_gateways.pop(gateway, None)
    ec2._tags.pop(gateway, None)
