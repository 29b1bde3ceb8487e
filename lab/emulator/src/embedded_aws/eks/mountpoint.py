"""Stands for the add-on aws-mountpoint-s3-csi-driver: shows a prefix of a bucket in a pod."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from embedded_aws.eks.pod_root import VolumeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from embedded_aws.eks.control_plane import ControlPlane

ADDON = "aws-mountpoint-s3-csi-driver"
DRIVER = "s3.csi.aws.com"
#: Prefix of the attributes about the pod that kubelet adds to those of a volume.
POD = "csi.storage.k8s.io"
_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"


@dataclass(frozen=True)
class Mount:
    """A mounted volume of a pod.

    Attributes:
        volume: the volume's name.
        attributes: that the volume has for its driver.
        options: of the mount, such as `prefix models/`.
        namespace: of the pod.
        service_account: of the pod.
        read_only: whether nobody may write there.
        group: that owns the files, from the pod's fsGroup; empty for none.
    """

    volume: str
    attributes: Mapping[str, str]
    options: Sequence[str]
    namespace: str
    service_account: str
    read_only: bool = True
    group: str = ""


class Mountpoint:
    """Copies what the claims of pods show: what appears in the bucket later is not seen."""

    def __init__(
        self,
        plane: ControlPlane,
        installed: Callable[[], bool],
        role_of: Callable[[str, str], str | None],
        s3_as: Callable[[str], Any],
    ) -> None:
        """Prepares it.

        Args:
            plane: has the claims and volumes.
            installed: whether the cluster has the add-on.
            role_of: the role that Pod Identity gives a namespace's service account.
            s3_as: a client of S3 with the credentials of a role.
        """
        self._plane = plane
        self._installed = installed
        self._role_of = role_of
        self._s3_as = s3_as

    def mount(self, pod: dict[str, Any], claim: str, target: Path) -> None:
        """Fills a directory with what a claim is bound to.

        Raises:
            VolumeError: it cannot be mounted, with the reason that a cluster on AWS would have.
        """
        namespace = pod["metadata"]["namespace"]
        volume = self._volume(namespace, claim)
        source = volume["spec"].get("csi", {})
        if source.get("driver") != DRIVER:
            raise VolumeError(f"volume {volume['metadata']['name']}: only those of {DRIVER} are mounted here")
        if not self._installed():
            raise VolumeError(f"driver name {DRIVER} not found in the list of registered CSI drivers: add-on {ADDON}")
        self.fill(
            Mount(
                volume=volume["metadata"]["name"],
                attributes=source["volumeAttributes"],
                options=volume["spec"].get("mountOptions", []),
                namespace=namespace,
                service_account=pod["spec"]["serviceAccountName"],
            ),
            target,
        )

    def fill(self, mount: Mount, target: Path) -> None:
        """Fills a directory with what a mount shows.

        Raises:
            VolumeError: it cannot be mounted, with the reason that a cluster on AWS would have.
        """
        options = dict(option.split(" ", 1) for option in mount.options if " " in option)
        role = self.role(mount)
        try:
            _copy(self._s3_as(role), mount.attributes["bucketName"], options.get("prefix", ""), target)
        except ClientError as error:
            raise VolumeError(f"volume {mount.volume}: {error}") from error

    def role(self, mount: Mount) -> str:
        """Return the role that a mount reads with.

        Raises:
            VolumeError: it has none, with the reason that a cluster on AWS would have.
        """
        if mount.attributes.get("authenticationSource") != "pod":
            raise VolumeError("only volumes with authenticationSource pod are mounted here")
        namespace, name = mount.namespace, mount.service_account
        account = self._plane.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}") or {"metadata": {}}
        if account["metadata"].get("annotations", {}).get(_ROLE_ANNOTATION):
            # The driver tries a web identity then, which a role for Pod Identity does not trust.
            raise VolumeError(f"the service account {namespace}/{name} must not have the annotation {_ROLE_ANNOTATION}")
        role = self._role_of(namespace, name)
        if role is None:
            raise VolumeError(f"no pod identity association gives {namespace}/{name} a role")
        return role

    def _volume(self, namespace: str, claim: str) -> dict[str, Any]:
        found = self._plane.get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}")
        if not found or found["status"].get("phase") != "Bound":
            raise VolumeError(f"the claim {namespace}/{claim} is not bound")
        volume: dict[str, Any] = self._plane.get(f"/api/v1/persistentvolumes/{found['spec']['volumeName']}")
        return volume


def _copy(s3: Any, bucket: str, prefix: str, target: Path) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            path = target / item["Key"].removeprefix(prefix)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
