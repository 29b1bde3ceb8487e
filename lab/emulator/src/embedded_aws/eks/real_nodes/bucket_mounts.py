"""Volumes of S3 that Mountpoint mounts: a process for each, on the node of its pod."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.mountpoint import DRIVER, POD, Mount
from embedded_aws.eks.pod_root import VolumeError
from embedded_aws.eks.real_nodes.network import POD_IDENTITY
from embedded_aws.host.child import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.eks.real_nodes.node import Node

#: Audience of a service account's token that Pod Identity takes.
AUDIENCE = "pods.eks.amazonaws.com"
_TOKENS = f"{POD}/serviceAccount.tokens"
_DIRECTORY = f"/var/lib/kubelet/plugins/{DRIVER}"
#: Time for a mount: kubelet gives up after two minutes, and Mountpoint tries for one minute if S3 does not answer.
_MOUNT_SECONDS = 90
_END_SECONDS = 30


@dataclass(frozen=True)
class MountSettings:
    """Settings that all mounts have in common.

    Attributes:
        program: that a mount's process runs.
        endpoint: of S3, as nodes reach it.
        region: of volumes that name none.
        check: raises VolumeError for a mount without a role.
    """

    program: Path
    endpoint: str
    region: str
    check: Callable[[Mount], object]


def arguments(mount: Mount, target: str, endpoint: str, region: str) -> list[str]:
    """Return the program's arguments, as the add-on gives them to Mountpoint.

    Args:
        mount: what is mounted.
        target: where on the node.
        endpoint: of S3.
        region: where the mount's options name none.
    """
    options: dict[str, str | None] = {}
    for option in mount.options:
        name, _, value = " ".join(option.split()).lstrip("-").replace("=", " ", 1).partition(" ")
        options[name] = value or None
    if mount.read_only:
        options["read-only"] = None
    if mount.group:
        # Whoever wants others gives them in the volume's options.
        shared = {"gid": mount.group, "allow-other": None, "dir-mode": "770", "file-mode": "660"}
        options = {**shared, **options}
    if "allow-other" not in options:
        options.setdefault("allow-root", None)
    options = {"region": region, **options, "endpoint-url": endpoint, "force-path-style": None}
    named = (f"--{name}" if value is None else f"--{name}={value}" for name, value in sorted(options.items()))
    return [*named, "--", mount.attributes["bucketName"], target]


def environment(token: str) -> dict[str, str]:
    """Return all variables of the program.

    Args:
        token: the file with the token of the pod's service account.
    """
    return {
        "PATH": os.environ["PATH"],
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{POD_IDENTITY}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        # No other credentials than the role's.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


class BucketMounts:
    """The mounts on one node. They end with the node."""

    def __init__(self, node: Node, settings: MountSettings) -> None:
        """Mounts nothing yet.

        Args:
            node: where it mounts.
            settings: of all mounts.
        """
        self._node, self._settings = node, settings
        self._processes: dict[str, Child] = {}

    def publish(self, mount: Mount, target: str) -> None:
        """Mount a bucket, or give what is mounted already a new token.

        Raises:
            VolumeError: it cannot be mounted, with what Mountpoint says.
        """
        process = self._processes.get(target)
        if process and process.code() is None and self._mounted(target):
            # Kubelet asks again and again, with new tokens.
            self._keep_token(mount, target)
            return
        self._settings.check(mount)
        # A mount whose process has ended answers nothing: remove it first.
        self.unpublish(target)
        self._keep_token(mount, target)
        self._mount(mount, target)

    def unpublish(self, target: str) -> None:
        """Unmount it, and wait until its process has ended.

        Raises:
            VolumeError: it cannot be unmounted.
        """
        if self._mounted(target):
            done = subprocess.run(self._node.enter("umount", target), capture_output=True, text=True, check=False)  # noqa: S603 - our own arguments
            if done.returncode != 0:
                raise VolumeError(f"{target} cannot be unmounted: {done.stderr.strip()}")
        self._end(target)

    def close(self) -> None:
        """End every process; what it has mounted is gone with it or with the node."""
        while self._processes:
            self._processes.popitem()[1].stop()

    def _mount(self, mount: Mount, target: str) -> None:
        self._own(target).mkdir(parents=True)
        settings = self._settings
        command = [str(settings.program), *arguments(mount, target, settings.endpoint, settings.region)]
        log = self._node.directory / f"mount-{_name(target)}.log"
        start = log.stat().st_size if log.exists() else 0
        process = Child(self._node.enter(*command), log=log, environment=environment(self._token(target)))
        self._processes[target] = process
        deadline = time.monotonic() + _MOUNT_SECONDS
        while not self._mounted(target):
            if process.code() is not None or time.monotonic() > deadline:
                process.stop()
                said = log.read_bytes()[start:].decode(errors="replace").strip()
                self.unpublish(target)
                bucket, reason = (
                    mount.attributes["bucketName"],
                    said.rpartition("\n")[2] or "Mountpoint does not answer",
                )
                raise VolumeError(f"volume {mount.volume}: bucket {bucket} cannot be mounted: {reason}")
            time.sleep(0.02)

    def _end(self, target: str) -> None:
        """Wait for the end of a process whose mount is gone, and remove what it needed."""
        process = self._processes.pop(target, None)
        if process:
            deadline = time.monotonic() + _END_SECONDS
            while process.code() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            process.stop()
        self._own(self._token(target)).unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._own(target).rmdir()

    def _mounted(self, target: str) -> bool:
        """Tells whether Mountpoint has mounted something there; it has listed the bucket before."""
        try:
            lines = Path(f"/proc/{self._node.process}/mountinfo").read_text(encoding="utf-8").splitlines()
        except OSError:  # the node has ended
            return False
        mounts = [line.partition(" - ") for line in lines]
        return any(mount.split()[4] == target and rest.startswith("fuse") for mount, _, rest in mounts)

    def _keep_token(self, mount: Mount, target: str) -> None:
        tokens = json.loads(mount.attributes.get(_TOKENS) or "{}")
        if AUDIENCE not in tokens:
            raise VolumeError(f"volume {mount.volume}: kubelet gave no token for {AUDIENCE}")
        path = self._own(self._token(target))
        path.parent.mkdir(parents=True, exist_ok=True)
        # Replace the file at once: the mount's process may read it at any time.
        partial = path.with_suffix(".partial")
        partial.touch(mode=0o600)
        partial.write_text(tokens[AUDIENCE]["token"], encoding="utf-8")
        partial.rename(path)

    def _token(self, target: str) -> str:
        return f"{_DIRECTORY}/{_name(target)}.token"

    def _own(self, path: str) -> Path:
        return self._node.own / path.lstrip("/")


def _name(target: str) -> str:
    """Return a file's name for a pod's volume: kubelet mounts at pods/<uid>/volumes/<plugin>/<volume>/mount."""
    parts = target.split("/")
    return f"{parts[parts.index('pods') + 1]}-{parts[-2]}"
