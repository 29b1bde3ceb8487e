"""Health checks of a target group."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from pathlib import Path

import pytest
from embedded_aws.elbv2 import targets
from embedded_aws.elbv2.targets import HealthCheck, State, TargetGroup

sys.path.append(str(Path(__file__).parents[3] / "server" / "tests" / "server"))

from certificates import issue


class Machine:
    """A target whose ports are this machine's."""

    instance_id = "i-0123456789abcdef0"

    def socket(self) -> socket.socket:
        return socket.socket()


async def state_of(context: ssl.SSLContext | None, *, encrypted: bool) -> State:
    """Return the state of a target after one check."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    check = HealthCheck("/", encrypted=encrypted, port=port, codes=frozenset({200}), timeout=6, healthy=1, unhealthy=1)
    group = TargetGroup(port, check, draining=0)
    await group.register(Machine())
    while State.INITIAL in group.states().values():
        await asyncio.sleep(0.01)
    [state] = group.states().values()
    await group.deregister(Machine.instance_id)
    server.close()
    return state


@pytest.mark.parametrize("encrypted", [True, False])
def test_a_check_by_https_finds_only_targets_healthy_that_encrypt_whoever_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encrypted: bool
) -> None:
    monkeypatch.setattr(targets, "INTERVAL", 0.01)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*issue(tmp_path, "target", "elsewhere.example.com"))

    encrypts, does_not = (asyncio.run(state_of(given, encrypted=encrypted)) for given in (context, None))

    good, bad = (encrypts, does_not) if encrypted else (does_not, encrypts)
    assert (good, bad) == (State.HEALTHY, State.UNHEALTHY)
