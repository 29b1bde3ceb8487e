"""The processes that mount buckets, with a program that mounts nothing. `npm run test:nodes` has the real one."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.eks.mountpoint import Mount
from embedded_aws.eks.pod_root import VolumeError
from embedded_aws.eks.real_nodes.bucket_mounts import BucketMounts, MountSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TARGET = "/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/volume/mount"
TOKEN = "var/lib/kubelet/plugins/s3.csi.aws.com/uid-volume.token"
SILENT = "while :; do sleep 0.1; done"


@dataclass
class Directory:
    """A node without namespaces."""

    directory: Path
    process: int

    @property
    def own(self) -> Path:
        return self.directory / "own"

    def enter(self, *command: str) -> list[str]:
        return list(command)


def mounts(tmp_path: Path, script: str, check: Callable[[Mount], object] = lambda _: None) -> BucketMounts:
    program = tmp_path / "mount-bucket"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    node: Any = Directory(tmp_path, os.getpid())
    return BucketMounts(node, MountSettings(program, "http://10.77.0.1:4566", "eu-central-1", check))


def mount(token: str = "secret", audience: str = "pods.eks.amazonaws.com") -> Mount:
    tokens = json.dumps({audience: {"token": token, "expirationTimestamp": "2026-01-01T00:00:00Z"}})
    attributes = {"bucketName": "models", "csi.storage.k8s.io/serviceAccount.tokens": tokens}
    return Mount("volume", attributes, [], "namespace", "account")


def files(tmp_path: Path) -> list[str]:
    return [str(path.relative_to(tmp_path)) for path in (tmp_path / "own").rglob("*") if path.is_file()]


def test_what_mountpoint_says_last_is_why_a_bucket_cannot_be_mounted_and_nothing_is_left(tmp_path: Path) -> None:
    failing = mounts(tmp_path, "echo a warning; echo initial ListObjectsV2 failed >&2; exit 1")

    for _ in range(2):
        with pytest.raises(VolumeError) as failed:
            failing.publish(mount(), TARGET)
        assert str(failed.value) == "volume volume: bucket models cannot be mounted: initial ListObjectsV2 failed"

    assert files(tmp_path) == []
    assert not (tmp_path / "own" / TARGET[1:]).exists()


def test_what_it_said_before_is_not_why(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="cannot be mounted: first"):
        mounts(tmp_path, "echo first; exit 1").publish(mount(), TARGET)

    with pytest.raises(VolumeError, match="cannot be mounted: Mountpoint does not answer"):
        mounts(tmp_path, "exit 1").publish(mount(), TARGET)


def test_a_program_that_mounts_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded_aws.eks.real_nodes.bucket_mounts._MOUNT_SECONDS", 0.5)

    with pytest.raises(VolumeError, match="Mountpoint does not answer"):
        mounts(tmp_path, f"echo $$ > {tmp_path}/process; {SILENT}").publish(mount(), TARGET)

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process").read_text()), 0)


def test_its_process_has_the_token_in_a_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    token = tmp_path / "own" / TOKEN
    with pytest.raises(VolumeError, match="cannot be mounted: 600 secret"):
        mounts(tmp_path, f"echo $(stat -c %a {token}) $(cat {token}); exit 1").publish(mount(), TARGET)

    assert not token.exists()


def test_a_bucket_that_is_mounted_already_gets_the_new_token_and_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BucketMounts, "_mounted", lambda self, target: target in self._processes)
    mounted = mounts(tmp_path, f"echo $$ >> {tmp_path}/started; {SILENT}")

    mounted.publish(mount("old"), TARGET)
    mounted.publish(mount("new"), TARGET)

    assert (tmp_path / "own" / TOKEN).read_text() == "new"
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert len((tmp_path / "started").read_text().splitlines()) == 1
    mounted.close()


def test_a_pod_without_a_role_or_a_token_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    def check(_: Mount) -> None:
        raise VolumeError("no role")

    with pytest.raises(VolumeError, match="no role"):
        mounts(tmp_path, f"touch {tmp_path}/started", check).publish(mount(), TARGET)
    with pytest.raises(VolumeError, match=r"kubelet gave no token for pods\.eks"):
        mounts(tmp_path, f"touch {tmp_path}/started").publish(mount(audience="other"), TARGET)

    assert not (tmp_path / "started").exists()


def test_what_is_not_mounted_any_more_is_unmounted_without_an_error(tmp_path: Path) -> None:
    mounts(tmp_path, SILENT).unpublish(TARGET)

    assert files(tmp_path) == []
