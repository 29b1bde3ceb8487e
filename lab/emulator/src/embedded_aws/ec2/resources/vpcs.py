"""Networks of a template: the attributes that MiniStack does not give."""

from __future__ import annotations

from typing import Any

from ministack.services import ec2

Made = tuple[str, dict[str, Any]]


def complete_vpc(made: Made) -> Made:
    """Adds a network's address block."""
    vpc, attributes = made
    return vpc, {**attributes, "CidrBlock": ec2._vpcs[vpc]["CidrBlock"]}


def complete_subnet(made: Made) -> Made:
    """Adds a subnet's address block and network."""
    subnet, attributes = made
    return subnet, {**attributes, **{name: ec2._subnets[subnet][name] for name in ("CidrBlock", "VpcId")}}
