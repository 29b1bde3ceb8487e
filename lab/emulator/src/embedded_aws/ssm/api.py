"""Public parameters that templates read: machine images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_region

if TYPE_CHECKING:
    from collections.abc import Callable

_IMAGES = ("/aws/service/ami-", "/aws/service/eks/", "/aws/service/bottlerocket/", "/aws/service/canonical/")


def with_images(original: Callable[[str], Any]) -> Callable[[str], Any]:
    """Gives public image parameters an image id that exists nowhere."""

    def public_parameter(name: str) -> Any:
        found = original(name)
        if found is not None or not name.startswith(_IMAGES):
            return found
        return {
            "Name": name,
            "Type": "String",
            "Value": "ami-0e3bedd0000000000",
            "Version": 1,
            "LastModifiedDate": 1728518400,
            "ARN": f"arn:aws:ssm:{get_region()}::parameter{name}",
        }

    return public_parameter
