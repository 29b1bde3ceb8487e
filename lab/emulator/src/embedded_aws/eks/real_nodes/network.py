"""The network of a cluster's real nodes: a bridge in a network namespace, and the ways between it and this machine."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from embedded_aws.host.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.host.plane import Plane, Streams

    Socket = socket.socket

#: Address of this machine for nodes and pods: the API server, the embedded AWS, the registry of images.
GATEWAY = "10.77.0.1"
#: Address at which a pod gets its credentials, as on EKS.
POD_IDENTITY = "169.254.170.23"
NODES = 3
_INIT = Path(__file__).with_name("network_init.py")
_START_SECONDS = 180
_T = TypeVar("_T")


def node_address(number: int) -> str:
    """Return the address of a node, counted from 1."""
    return f"10.77.0.{10 + number}"


def pod_subnet(number: int) -> str:
    """Return the addresses of a node's pods."""
    return f"10.244.{number}.0/24"


def wait_for(path: Path, child: Child, what: str) -> str:
    """Wait until a process has written a file, and return its content.

    Raises:
        OSError: it ended before, or takes too long.
    """
    deadline = time.monotonic() + _START_SECONDS
    while not path.exists():
        if child.code() is not None or time.monotonic() > deadline:
            raise OSError(f"{what} did not start: {child.log.read_text(encoding='utf-8', errors='replace')[-1000:]}")
        time.sleep(0.02)
    return path.read_text(encoding="utf-8")


def inside(process: int, make: Callable[[], _T]) -> _T:
    """Do something in the network of a process, in a thread that alone has joined it.

    Raises:
        OSError: the process has ended.
    """

    def join() -> _T:
        with Path(f"/proc/{process}/ns/net").open("rb") as namespace:
            os.setns(namespace.fileno(), os.CLONE_NEWNET)
        return make()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(join).result()


class Network:
    """The running network of a cluster."""

    def __init__(self, directory: Path, plane: Plane) -> None:
        """Makes it.

        Args:
            directory: for its files; made.
            plane: carries what goes in and out.

        Raises:
            OSError: it cannot be made.
        """
        directory.mkdir(parents=True)
        self._plane = plane
        self._servers: list[asyncio.Server] = []
        ready = directory / "ready"
        routes = [f"{pod_subnet(number)}={node_address(number)}" for number in range(1, NODES + 1)]
        addresses = [f"{GATEWAY}/24", f"{POD_IDENTITY}/32"]
        init = [sys.executable, "-I", "-S", str(_INIT), str(ready), ",".join(addresses), *routes]
        self._init = Child(["unshare", "--net", *init], log=directory / "network.log")
        try:
            self.process = int(wait_for(ready, self._init, "the network of the nodes"))
        except OSError:
            self.close()
            raise

    @property
    def enter(self) -> tuple[str, ...]:
        """The command that runs another one in it."""
        return ("nsenter", f"--net=/proc/{self.process}/ns/net", "--")

    def attach(self, number: int, process: int) -> None:
        """Connect a node, as its interface eth0.

        Args:
            number: of the node.
            process: one in the node's network namespace.

        Raises:
            OSError: it cannot be connected.
        """
        pair = ["ip", "link", "add", f"node{number}", "type", "veth", "peer", "name", "eth0", "netns", str(process)]
        for command in (pair, ["ip", "link", "set", f"node{number}", "master", "br0", "up"]):
            done = subprocess.run(  # noqa: S603 - our own arguments
                [*self.enter, *command], check=False, capture_output=True, text=True
            )
            if done.returncode != 0:
                raise OSError(f"node {number} has no interface: {done.stderr}")

    def listen(self, address: str, port: int = 0) -> Socket:
        """Return a socket that listens in it, for this process to serve."""

        def make() -> Socket:
            made = socket.socket()
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((address, port))
            made.listen(128)
            return made

        return inside(self.process, make)

    def let_out(self, port: int) -> None:
        """Let it reach a loopback port of this machine, at the same port of every address of the gateway."""

        async def connect() -> Streams:
            return await asyncio.open_connection("127.0.0.1", port)

        self._servers.append(self._plane.forward(self.listen("0.0.0.0", port), connect))  # noqa: S104 - in the namespace

    def let_in(
        self, address: str, port: int, process: Callable[[], int] | None = None
    ) -> tuple[int, Callable[[], None]]:
        """Make an address in it a loopback port of this machine.

        Args:
            address: such as that of a pod.
            port: there.
            process: gives one in whose network the next connection begins; this network's by default.

        Returns:
            The loopback port, and what closes it.
        """
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)

        async def connect() -> Streams:
            start = self.process if process is None else process()
            connection = await asyncio.to_thread(inside, start, socket.socket)
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, (address, port))
            return await asyncio.open_connection(sock=connection)

        server = self._plane.forward(listener, connect)
        self._servers.append(server)
        return int(listener.getsockname()[1]), lambda: self._plane.close(server)

    def close(self) -> None:
        """End it, with every way in and out."""
        while self._servers:
            self._plane.close(self._servers.pop())
        self._init.stop()
