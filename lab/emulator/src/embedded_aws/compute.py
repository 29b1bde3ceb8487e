"""Joins instances, load balancers and Auto Scaling groups."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from embedded_aws.autoscaling import patches as autoscaling
from embedded_aws.autoscaling.resources import Groups
from embedded_aws.ec2 import patches as ec2
from embedded_aws.ec2.instances import Instances
from embedded_aws.elbv2 import patches as elbv2
from embedded_aws.elbv2.balancers import Balancers
from embedded_aws.host.plane import Plane

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embedded_aws.cloudformation.signals import Signals
    from embedded_aws.settings import Settings

_LISTENER = re.compile(r"/_embedded_aws/load-balancers/(?P<dns_name>[^/]+)/(?P<port>\d+)")


class Compute:
    """Auto Scaling groups, their instances and load balancers."""

    def __init__(self, settings: Settings, signals: Signals) -> None:
        """Makes CloudFormation's types act.

        Args:
            settings: the embedded AWS.
            signals: those of instances to CloudFormation.
        """
        plane = Plane()
        self._instances = Instances(settings, plane)
        self._balancers = Balancers(plane)
        ec2.install()
        elbv2.install(self._balancers)
        autoscaling.install(Groups(self._instances, self._balancers, signals))

    async def answer(self, scope: dict[str, Any], send: Callable[[dict[str, Any]], Awaitable[None]]) -> bool:
        """Says at which loopback port a load balancer's listener answers.

        Returns:
            Whether the request was one of these.
        """
        asked = _LISTENER.fullmatch(scope.get("path", ""))
        if not asked:
            return False
        port = self._balancers.loopback_port(asked["dns_name"], int(asked["port"]))
        body = json.dumps({"host": "127.0.0.1", "port": port} if port else {"error": "there is no such listener"})
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200 if port else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})
        return True

    def close(self) -> None:
        """Ends every instance."""
        self._instances.close()
