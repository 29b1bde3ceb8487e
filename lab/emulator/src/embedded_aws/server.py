"""Serves MiniStack, with our replacements, on one loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any

from embedded_aws.callers import asks_for_model, refuse, why_refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from embedded_aws.awslambda.pool import Pool
    from embedded_aws.codebuild.api import Builds
    from embedded_aws.settings import Settings


def listen(port: int) -> socket.socket:
    """Binds a loopback port.

    Args:
        port: 0 for any free one.

    Raises:
        OSError: the port is taken.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    listener.setblocking(False)
    return listener


class EmbeddedAws:
    """MiniStack with this package's replacements. One process holds one."""

    def __init__(self, settings: Settings) -> None:
        from embedded_aws.apigateway import patches as apigateway
        from embedded_aws.awslambda import patches as awslambda
        from embedded_aws.cloudformation import custom_resources
        from embedded_aws.cloudformation import patches as cloudformation
        from embedded_aws.cloudwatch import patches as cloudwatch
        from embedded_aws.codebuild import patches as codebuild
        from embedded_aws.codedeploy import patches as codedeploy
        from embedded_aws.compute import Compute
        from embedded_aws.eks import patches as eks
        from embedded_aws.eks.api import Clusters
        from embedded_aws.firehose import patches as firehose
        from embedded_aws.iam import patches as iam
        from embedded_aws.iam.calls import CallFile
        from embedded_aws.s3 import patches as s3
        from embedded_aws.scheduler import patches as scheduler
        from embedded_aws.ssm import patches as ssm
        from embedded_aws.stepfunctions import patches as stepfunctions

        self.settings = settings
        calls = CallFile(settings.calls) if settings.calls else None
        iam.install(calls)
        # First of the services with resources: they add theirs to its table.
        signals = cloudformation.install(calls, stale_answers=settings.stale_answers)
        self._compute = Compute(settings, signals)
        self._clusters = Clusters(settings)
        eks.install(self._clusters)
        self._pool: Pool = awslambda.install(settings)
        self._builds: Builds = codebuild.install(settings)
        apigateway.install()
        codedeploy.install(settings)
        cloudwatch.install()
        firehose.install()
        s3.install(settings)
        scheduler.install(settings)
        ssm.install()
        stepfunctions.install(settings)
        cloudformation.delay_roles(settings.role_delay)
        self._measured = custom_resources.measured

    async def serve(self, listener: socket.socket, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Answers until `stop` is set, then ends every function, build, instance and cluster.

        Args:
            listener: from `listen`.
            stop: ends it.
            ready: called once requests are answered.
        """
        from hypercorn.asyncio import serve
        from hypercorn.config import Config
        from ministack.app import app

        async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "lifespan":
                send = _telling(send, ready)
            elif not asks_for_model(scope) and (reason := why_refused(scope["headers"])):
                await refuse(scope, send, reason)
                return
            elif await self._compute.answer(scope, send):
                return
            await app(scope, self._measured(scope, receive), send)

        async def stopping() -> None:
            await stop.wait()
            # First: requests that wait for a function or a build end with it.
            await asyncio.to_thread(self.close)

        config = Config()
        config.bind = [f"fd://{listener.fileno()}"]
        config.keep_alive_timeout = 75
        config.graceful_timeout = 1
        config.shutdown_timeout = 5
        config.accesslog = None
        config.errorlog = logging.getLogger("embedded_aws.server")
        await serve(application, config, shutdown_trigger=stopping)

    def close(self) -> None:
        """Ends every function, build, instance and cluster."""
        with contextlib.suppress(RuntimeError):
            self._builds.close()
        self._pool.close()
        self._compute.close()
        self._clusters.close()


def _telling(
    send: Callable[[dict[str, Any]], Awaitable[None]], ready: Callable[[], None]
) -> Callable[[dict[str, Any]], Awaitable[None]]:
    async def telling(message: dict[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return telling
