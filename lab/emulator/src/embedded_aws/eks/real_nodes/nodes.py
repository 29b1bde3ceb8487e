"""The real nodes of a cluster, and what runs beside them."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.control_plane import ControlPlane
from embedded_aws.eks.mountpoint import Mountpoint
from embedded_aws.eks.place import Place
from embedded_aws.eks.real_nodes import cgroups
from embedded_aws.eks.real_nodes.addresses import Addresses
from embedded_aws.eks.real_nodes.bucket_copies import BucketCopies
from embedded_aws.eks.real_nodes.bucket_mounts import BucketMounts, MountSettings
from embedded_aws.eks.real_nodes.images import images_of
from embedded_aws.eks.real_nodes.network import GATEWAY, Network
from embedded_aws.eks.real_nodes.node import Node, Site
from embedded_aws.eks.real_nodes.pod_identity import PodIdentity
from embedded_aws.eks.real_nodes.registry import Registry
from embedded_aws.eks.real_nodes.sweeper import Sweeper
from embedded_aws.eks.real_nodes.volumes import Volumes

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.eks.programs import Programs
    from embedded_aws.eks.real_nodes.programs import NodePrograms
    from embedded_aws.host.plane import Plane

DIRECTORY_ANNOTATION = "embedded-aws/directory"
PROCESS_ANNOTATION = "embedded-aws/process"

_ADDONS = Path(__file__).with_name("addons.yaml")
_START_SECONDS = 600

_log = logging.getLogger("embedded_aws.eks")


@dataclass(frozen=True)
class Surroundings:
    """The parts of the embedded AWS that nodes need.

    Attributes:
        carrier: carries bytes between their network and this machine.
        port: the embedded AWS's loopback port.
        aws_cli: the directory of the AWS CLI for Python.
        variables: with which a container finds the embedded AWS.
        role_of: the role that an association gives a namespace's service account.
        assume: gives the variables with a role's credentials.
        s3_as: gives a client of S3 with a role's credentials.
        mounts_buckets: whether the cluster has the add-on that mounts buckets.
    """

    carrier: Plane
    port: int
    aws_cli: Path
    variables: dict[str, str]
    role_of: Callable[[str, str], str | None]
    assume: Callable[[str], dict[str, str]]
    s3_as: Callable[[str], Any]
    mounts_buckets: Callable[[], bool]


class RealCluster:
    """A control plane and its nodes, in a network of their own."""

    def __init__(
        self,
        programs: tuple[Programs, NodePrograms],
        directory: Path,
        zones: dict[str, str],
        surroundings: Surroundings,
        token_webhook: str | None = None,
    ) -> None:
        """Prepares it.

        Args:
            programs: of the control plane and of the nodes.
            directory: for its files, which must not be there yet.
            zones: the zone of each node by its name.
            surroundings: the embedded AWS.
            token_webhook: as for a control plane.
        """
        self._node_programs, self._zones, self._around = programs[1], zones, surroundings
        self._directory = directory
        self._closing: list[Callable[[], None]] = []
        self.nodes: list[Node] = []
        self._stopped = threading.Event()
        group = f"{cgroups.PREFIX}{secrets.token_hex(4)}"
        self.group = group
        self._sweeper: Sweeper | None = Sweeper(group, directory)
        try:
            self.network = Network(directory / "network", surroundings.carrier)
        except OSError:
            self.stop()
            raise
        self._closing.append(self.network.close)
        subjects = {name: f"/O=system:nodes/CN=system:node:{name}" for name in zones}
        place = Place(
            self.network.enter,
            GATEWAY,
            lambda port: self.network.let_in("127.0.0.1", port)[0],
            {**subjects, "kube-proxy": "/CN=system:kube-proxy"},
        )
        self.plane = ControlPlane(programs[0], directory / "control-plane", token_webhook, place)

    def start(self) -> None:
        """Start everything, and return when the nodes take pods, names are resolved and metrics are there.

        Raises:
            OSError: a part does not start.
        """
        around, network, plane = self._around, self.network, self.plane
        network.let_out(around.port)
        self._closing.append(plane.stop)
        plane.start()
        images = images_of(self._directory / "images", self._node_programs, around.aws_cli)
        listener = network.listen(GATEWAY)
        registry = Registry(listener, images)
        self._closing.append(registry.close)
        variables = {**around.variables, "AWS_ENDPOINT_URL": f"http://{GATEWAY}:{around.port}"}
        identity = PodIdentity(plane, network, variables, around.role_of, around.assume)
        self._closing.append(identity.close)
        identity.register()
        address = f"http://{GATEWAY}:{listener.getsockname()[1]}"
        site = Site(plane, self._node_programs, network, self.group, address)
        for number, (name, zone) in enumerate(self._zones.items(), 1):
            node = Node(site, number, name, zone, self._directory / name)
            self.nodes.append(node)
            self._closing.append(node.kill)
            node.start()
        addresses = Addresses(plane, network, self.nodes)
        self._closing.append(addresses.close)
        volumes = self._volumes(variables)
        self._closing.append(volumes.close)
        keeper = threading.Thread(target=self._keep, args=(volumes,), daemon=True, name="nodes")
        keeper.start()
        self._closing.append(lambda: keeper.join(60))
        self._closing.append(self._stopped.set)
        applied = plane.kubectl("apply", "-f", str(_ADDONS))
        if applied.returncode != 0:
            raise OSError(f"the add-ons were not applied: {applied.stderr[-1000:]}")
        self._wait()
        self._describe()

    def stop(self) -> None:
        """End everything, and remove its cgroups and files."""
        while self._closing:
            try:
                self._closing.pop()()
            except OSError as error:
                _log.warning("end of a cluster: %s", error)
        if self._sweeper:
            self._sweeper.sweep()
            self._sweeper = None

    def _volumes(self, variables: dict[str, str]) -> Volumes:
        around, program = self._around, self._node_programs.mountpoint
        mountpoint = Mountpoint(self.plane, around.mounts_buckets, around.role_of, around.s3_as)
        nodes: list[tuple[Node, BucketCopies | BucketMounts]] = []
        for node in self.nodes:
            if program is None:
                nodes.append((node, BucketCopies(node.own, mountpoint.fill)))
                continue
            settings = MountSettings(
                program, variables["AWS_ENDPOINT_URL"], variables.get("AWS_REGION", ""), mountpoint.role
            )
            mounts = BucketMounts(node, settings)
            self._closing.append(mounts.close)
            nodes.append((node, mounts))
        return Volumes(self.plane, nodes, around.mounts_buckets)

    def _keep(self, volumes: Volumes) -> None:
        while not self._stopped.wait(0.5):
            for node in self.nodes:
                node.keep()
            try:
                volumes.keep()
            except OSError as error:
                _log.warning("volumes of pods: %s", error)

    def _describe(self) -> None:
        """Say in annotations where a node's files are, and which process it ends with."""
        for node in self.nodes:
            annotations = {DIRECTORY_ANNOTATION: str(node.directory), PROCESS_ANNOTATION: str(node.process)}
            body = {"metadata": {"annotations": annotations}}
            self.plane.request("PATCH", f"/api/v1/nodes/{node.name}", body, "application/merge-patch+json")

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._complete():
            if time.monotonic() > deadline:
                raise OSError(f"the nodes are not ready after {_START_SECONDS} s: see the logs in {self._directory}")
            time.sleep(0.3)

    def _complete(self) -> bool:
        path = "/apis/apps/v1/namespaces/kube-system/deployments"
        for name in ("coredns", "metrics-server"):
            found = self.plane.get(f"{path}/{name}")
            if not found or not found["status"].get("readyReplicas"):
                return False
        found = self.plane.items("/api/v1/nodes")
        return len(found) == len(self._zones) and all(not node["spec"].get("taints") for node in found)
