"""Calls of gRPC that last: few for a connection, whose other calls are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

HEALTH = "/grpc.health.v1.Health"
REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
LIST_SERVICES = b"\x3a\x00"
"""A ServerReflectionRequest whose field 7, `list_services`, is empty."""
SERVING = b"\x08\x01"
"""A HealthCheckResponse whose field 1 is SERVING."""
LASTING_CALLS = 8
"""Calls of a connection that may last."""


@pytest.mark.fault
def test_a_connection_has_eight_calls_that_last_and_others_besides(start: Callable[..., Server]) -> None:
    with start("times", 1) as server, grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel:
        watch = channel.unary_stream(f"{HEALTH}/Watch")
        check = channel.unary_unary(f"{HEALTH}/Check")
        watches = [watch(b"") for _ in range(LASTING_CALLS)]
        assert len({next(one) for one in watches}) == 1
        reflection = channel.stream_stream(REFLECTION)
        for one in (watch(b"", timeout=60), reflection(iter([LIST_SERVICES]), timeout=60)):
            with pytest.raises(grpc.RpcError, match="as many calls are open as may") as caught:
                next(one)
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert check(b"", timeout=60) == SERVING
        watches[0].cancel()

        def is_admitted() -> bool:
            try:
                return len(list(reflection(iter([LIST_SERVICES]), timeout=60))) == 1
            except grpc.RpcError:
                return False

        server.wait_until(is_admitted)
