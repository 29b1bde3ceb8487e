"""One real node: namespaces and a cgroup of its own, in which containerd, kubelet and kube-proxy run."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.real_nodes import cgroups, node_files
from embedded_aws.eks.real_nodes.network import GATEWAY, NODES, Network, node_address, pod_subnet, wait_for
from embedded_aws.host.child import Child

if TYPE_CHECKING:
    from embedded_aws.eks.control_plane import ControlPlane
    from embedded_aws.eks.real_nodes.programs import NodePrograms

_INIT = Path(__file__).with_name("node_init.py")
_START_SECONDS = 180


@dataclass(frozen=True)
class Site:
    """Settings that the nodes of a cluster share.

    Attributes:
        plane: of the cluster.
        programs: that they run.
        network: that they are in.
        group: the cgroup above theirs.
        registry: the address from which every image is pulled.
    """

    plane: ControlPlane
    programs: NodePrograms
    network: Network
    group: str
    registry: str


class Node:
    """A node of a cluster. Its processes, mounts and interfaces end with it."""

    def __init__(self, site: Site, number: int, name: str, zone: str, directory: Path) -> None:
        """Prepares it.

        Args:
            site: that it is in.
            number: from 1.
            name: of the node.
            zone: its label.
            directory: for its files; made.
        """
        self.name, self.zone, self.number = name, zone, number
        self._site = site
        self.directory = directory
        self._group = f"{site.group}/{name}"
        self._programs: dict[str, Child] = {}
        self._arguments: dict[str, tuple[str, ...]] = {}
        self._init: Child | None = None
        self.process = 0

    @property
    def alive(self) -> bool:
        """Tells whether it runs."""
        return self._init is not None and self._init.code() is None

    @property
    def own(self) -> Path:
        """Directory on this machine for the node's own files, below their paths on the node."""
        return self.directory / "own"

    def start(self) -> None:
        """Start it, and return when its programs run.

        Raises:
            OSError: it does not start.
        """
        self.directory.mkdir(parents=True)
        self._write_configuration()
        cgroups.make(self._group)
        routes = {pod_subnet(number): node_address(number) for number in range(1, NODES + 1) if number != self.number}
        specification = {
            "name": self.name,
            "directory": str(self.directory),
            "address": node_address(self.number),
            "gateway": GATEWAY,
            "routes": routes,
            "controllers": [str(path) for path in cgroups.controllers()],
            "group": self._group,
        }
        path = self.directory / "specification.json"
        path.write_text(json.dumps(specification), encoding="utf-8")
        namespaces = ["--mount", "--net", "--uts", "--pid", "--fork", "--kill-child", "--propagation", "private"]
        command = ["unshare", *namespaces, sys.executable, "-I", "-S", str(_INIT), str(path)]
        self._init = Child(command, log=self.directory / "init.log")
        self.process = int(wait_for(self.directory / "process", self._init, f"node {self.name}"))
        self._site.network.attach(self.number, self.process)
        wait_for(self.directory / "ready", self._init, f"node {self.name}")
        self._run("containerd", f"--config={self.directory / 'containerd.toml'}")
        self._wait_for_containerd()
        self._run(
            "kubelet",
            f"--config={self.directory / 'kubelet.json'}",
            f"--kubeconfig={self.directory / 'kubelet.kubeconfig'}",
            f"--hostname-override={self.name}",
            f"--node-ip={node_address(self.number)}",
            f"--node-labels=topology.kubernetes.io/zone={self.zone}",
            "--cert-dir=/var/lib/kubelet/pki",
        )
        self._run("kube-proxy", f"--config={self.directory / 'kube-proxy.json'}")

    def keep(self) -> None:
        """Start programs again that have ended: kube-proxy does when its configuration has changed."""
        for name, program in list(self._programs.items()):
            if self.alive and program.code() is not None:
                program.stop()
                self._run(name, *self._arguments[name])

    def enter(self, *command: str) -> list[str]:
        """Return the command that runs another one on the node, as one of its own processes."""
        join = " ".join(f"'{path}'" for path in cgroups.members(self._group))
        namespaces = f"nsenter -t {self.process} -m -n -u -p -C"
        return ["/bin/sh", "-c", f'for f in {join}; do echo 0 > "$f"; done; exec {namespaces} -- "$@"', "sh", *command]

    def kill(self) -> None:
        """End it at once, as a power failure would."""
        if self._init:
            self._init.stop()
        for program in self._programs.values():
            program.stop()

    def _run(self, name: str, *arguments: str) -> None:
        environment = {**os.environ, **self._site.programs.environment()}
        log = self.directory / f"{name}.log"
        self._arguments[name] = arguments
        self._programs[name] = Child(self.enter(name, *arguments), log=log, environment=environment)

    def _wait_for_containerd(self) -> None:
        path = f"/proc/{self.process}/root/run/containerd/containerd.sock"
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(path)
                    return
            except OSError as error:
                child = self._programs["containerd"]
                if child.code() is not None or time.monotonic() > deadline:
                    said = child.log.read_text(encoding="utf-8", errors="replace")[-1000:]
                    raise OSError(f"containerd of node {self.name} does not answer: {said}") from error
            time.sleep(0.05)

    def _write_configuration(self) -> None:
        site, directory = self._site, self.directory
        server = f"https://{GATEWAY}:{site.plane.port}"
        site.plane.kubeconfig_for(self.name, directory / "kubelet.kubeconfig", server)
        site.plane.kubeconfig_for("kube-proxy", directory / "kube-proxy.kubeconfig", server)
        network, registries = directory / "network", directory / "registries"
        network.mkdir()
        conflist = node_files.container_network(pod_subnet(self.number))
        (network / "10-pods.conflist").write_text(json.dumps(conflist), encoding="utf-8")
        (registries / "_default").mkdir(parents=True)
        (registries / "_default" / "hosts.toml").write_text(node_files.mirror(site.registry), encoding="utf-8")
        proxy = node_files.kube_proxy(self.name, str(directory / "kube-proxy.kubeconfig"))
        (directory / "kube-proxy.json").write_text(json.dumps(proxy), encoding="utf-8")
        plugins = str(site.programs.cni)
        (directory / "containerd.toml").write_text(
            node_files.containerd(plugins, str(network), str(registries)), encoding="utf-8"
        )
        (directory / "resolv.conf").write_text(f"nameserver {GATEWAY}\n", encoding="utf-8")
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        authority = site.plane.directory / "pki" / "ca.crt"
        # Each node offers its share of this machine's memory.
        kubelet = node_files.kubelet(str(authority), str(directory / "resolv.conf"), total - total // NODES)
        (directory / "kubelet.json").write_text(json.dumps(kubelet), encoding="utf-8")
