"""Makes the ports of pods and Services reachable from this machine, and says where in annotations."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.pods import ADDRESS_ANNOTATION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedded_aws.eks.control_plane import ControlPlane
    from embedded_aws.eks.real_nodes.network import Network
    from embedded_aws.eks.real_nodes.node import Node

_MERGE = "application/merge-patch+json"
_PERIOD_SECONDS = 0.5

_log = logging.getLogger("embedded_aws.eks")


class Addresses:
    """Gives each port an address of the loopback interface for as long as the pod or Service is there.

    A connection to a pod begins in the nodes' network. One to a Service begins on a node, another one each time, so
    that the node's kube-proxy chooses the pod.
    """

    def __init__(self, plane: ControlPlane, network: Network, nodes: Sequence[Node]) -> None:
        """Begins.

        Args:
            plane: of the cluster.
            network: of the nodes.
            nodes: all of them.
        """
        self._plane, self._network, self._nodes = plane, network, nodes
        self._turn = 0
        self._open: dict[str, list[Callable[[], None]]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True, name="addresses")
        self._thread.start()

    def close(self) -> None:
        """Stop looking for pods and Services."""
        self._stopped.set()
        self._thread.join(10)

    def _loop(self) -> None:
        while not self._stopped.wait(_PERIOD_SECONDS):
            try:
                self._synchronize()
            except OSError as error:
                if not self._stopped.is_set():
                    _log.warning("addresses of pods: %s", error)

    def _synchronize(self) -> None:
        seen = set()
        for pod in self._plane.items("/api/v1/pods"):
            address = pod["status"].get("podIP")
            if address and pod["metadata"]["namespace"] != "kube-system":
                ports = [port for container in pod["spec"]["containers"] for port in container.get("ports", [])]
                named = {port["name"]: port["containerPort"] for port in ports if "name" in port}
                seen.add(self._announce(pod, "pods", address, named, None))
        for service in self._plane.items("/api/v1/services"):
            address = service["spec"].get("clusterIP", "None")
            if address != "None" and service["metadata"]["namespace"] not in ("kube-system", "default"):
                named = {port["name"]: port["port"] for port in service["spec"]["ports"] if "name" in port}
                seen.add(self._announce(service, "services", address, named, self._node))
        for key in set(self._open) - seen:
            for close in self._open.pop(key):
                close()

    def _node(self) -> int:
        alive = [node.process for node in self._nodes if node.alive]
        if not alive:
            raise OSError("no node runs")
        self._turn += 1
        return alive[self._turn % len(alive)]

    def _announce(
        self, item: dict[str, Any], kind: str, address: str, ports: dict[str, int], process: Callable[[], int] | None
    ) -> str:
        meta = item["metadata"]
        key = f"{meta['uid']}/{address}"
        if key not in self._open:
            opened = {name: self._network.let_in(address, port, process) for name, port in ports.items()}
            self._open[key] = [close for _, close in opened.values()]
            annotations = {
                ADDRESS_ANNOTATION.format(port=name): f"127.0.0.1:{port}" for name, (port, _) in opened.items()
            }
            path = f"/api/v1/namespaces/{meta['namespace']}/{kind}/{meta['name']}"
            self._plane.request("PATCH", path, {"metadata": {"annotations": annotations}}, _MERGE)
        return key
