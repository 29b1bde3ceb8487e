"""The driver s3.csi.aws.com of real nodes, which kubelet asks to mount a bucket."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

from embedded_aws.eks.mountpoint import DRIVER, POD, Mount
from embedded_aws.eks.pod_root import VolumeError
from embedded_aws.eks.real_nodes.bucket_mounts import AUDIENCE
from embedded_aws.eks.real_nodes.csi import (
    MULTI_NODE_READER_ONLY,
    VOLUME_MOUNT_GROUP,
    Empty,
    NodeGetCapabilitiesResponse,
    NodeGetInfoResponse,
    NodePublishVolumeRequest,
    NodeUnpublishVolumeRequest,
    PluginInfo,
    RegistrationStatus,
)
from embedded_aws.eks.real_nodes.grpc_server import CallError, GrpcServer, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from embedded_aws.eks.control_plane import ControlPlane
    from embedded_aws.eks.real_nodes.bucket_copies import BucketCopies
    from embedded_aws.eks.real_nodes.bucket_mounts import BucketMounts
    from embedded_aws.eks.real_nodes.node import Node

#: Kubelet's directory, as kubelet sees it. Nodes bind one of their own there.
_KUBELET = "/var/lib/kubelet"
_SOCKET = f"{_KUBELET}/plugins_registry/{DRIVER}-reg.sock"

_log = logging.getLogger("embedded_aws.eks")


class NodeDriver:
    """The driver on one node. It runs in this process, and writes into the node's files."""

    def __init__(self, root: Path, node: str, buckets: BucketCopies | BucketMounts) -> None:
        """Registers it with kubelet, which watches the directory of its socket.

        Args:
            root: where on this machine the files are that the node has of its own, below their paths there.
            node: its name.
            buckets: of this node.
        """
        self._root, self._node, self._buckets = root, node, buckets
        self._publishing = threading.Lock()
        path = self._inside(_SOCKET)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._server = GrpcServer(
            path,
            {
                "pluginregistration.Registration": {
                    "GetInfo": Method(Empty, self._describe),
                    "NotifyRegistrationStatus": Method(RegistrationStatus, self._registered),
                },
                "csi.v1.Node": {
                    "NodeGetInfo": Method(Empty, lambda _: NodeGetInfoResponse(node_id=self._node)),
                    "NodeGetCapabilities": Method(Empty, lambda _: _capabilities()),
                    "NodePublishVolume": Method(NodePublishVolumeRequest, self._publish),
                    "NodeUnpublishVolume": Method(NodeUnpublishVolumeRequest, self._unpublish),
                },
            },
        )

    def close(self) -> None:
        """End it; kubelet forgets it."""
        self._server.close()

    def _inside(self, path: str) -> Path:
        return self._root / path.lstrip("/")

    def _describe(self, _: Any) -> Any:
        return PluginInfo(type="CSIPlugin", name=DRIVER, endpoint=_SOCKET, supported_versions=["1.0.0"])

    def _registered(self, request: Any) -> Any:
        if request.error:
            _log.warning("the driver %s of node %s is not registered: %s", DRIVER, self._node, request.error)
        return Empty()

    def _publish(self, request: Any) -> Any:
        target = _checked(request.target_path)
        context, capability = dict(request.volume_context), request.volume_capability
        mount = Mount(
            volume=request.volume_id,
            attributes=context,
            options=list(capability.mount.mount_flags),
            namespace=context.get(f"{POD}/pod.namespace", ""),
            service_account=context.get(f"{POD}/serviceAccount.name", ""),
            read_only=request.readonly or capability.access_mode.mode == MULTI_NODE_READER_ONLY,
            group=capability.mount.volume_mount_group,
        )
        self._do(lambda: self._buckets.publish(mount, target))
        return Empty()

    def _unpublish(self, request: Any) -> Any:
        target = _checked(request.target_path)
        self._do(lambda: self._buckets.unpublish(target))
        return Empty()

    def _do(self, change: Callable[[], None]) -> None:
        # Kubelet asks again after two minutes, while a large copy is still being made.
        with self._publishing:
            try:
                change()
            except (OSError, VolumeError) as error:
                raise CallError(str(error)) from error


def _checked(path: str) -> str:
    if not path.startswith(f"{_KUBELET}/pods/") or ".." in path.split("/"):
        raise CallError(f"volumes are below {_KUBELET}/pods, and {path} is not")
    return path


def _capabilities() -> Any:
    """Say that the driver itself makes a volume readable for the pod's fsGroup."""
    answer = NodeGetCapabilitiesResponse()
    answer.capabilities.add().rpc.type = VOLUME_MOUNT_GROUP
    return answer


class Volumes:
    """The drivers of a cluster's nodes, for as long as it has the add-on."""

    def __init__(
        self,
        plane: ControlPlane,
        nodes: Sequence[tuple[Node, BucketCopies | BucketMounts]],
        installed: Callable[[], bool],
    ) -> None:
        """Starts none yet.

        Args:
            plane: of the cluster.
            nodes: all of them, with their buckets. These stay when the add-on goes.
            installed: whether the cluster has the add-on.
        """
        self._plane, self._nodes, self._installed = plane, nodes, installed
        self._drivers: list[NodeDriver] = []

    def keep(self) -> None:
        """Start the drivers once the add-on is there, and end them when it is not.

        Raises:
            OSError: a driver cannot be started.
        """
        installed = self._installed()
        if installed and len(self._drivers) < len(self._nodes):
            self._introduce()
            for node, buckets in self._nodes[len(self._drivers) :]:
                self._drivers.append(NodeDriver(node.own, node.name, buckets))
        elif self._drivers and not installed:
            self.close()
            self._plane.request("DELETE", f"/apis/storage.k8s.io/v1/csidrivers/{DRIVER}")

    def close(self) -> None:
        """End the drivers."""
        while self._drivers:
            self._drivers.pop().close()

    def _introduce(self) -> None:
        """Say as the add-on does: it attaches nothing, and wants to know the pod, again and again with new tokens."""
        driver = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "CSIDriver",
            "metadata": {"name": DRIVER},
            "spec": {
                "attachRequired": False,
                "podInfoOnMount": True,
                "fsGroupPolicy": "None",
                "tokenRequests": [{"audience": AUDIENCE}],
                "requiresRepublish": True,
            },
        }
        status, body = self._plane.request("POST", "/apis/storage.k8s.io/v1/csidrivers", driver)
        if status >= 400 and status != 409:
            raise OSError(f"the driver {DRIVER} cannot be introduced: {status} {body[:300]!r}")
