"""The driver of volumes on real nodes, asked as kubelet asks it. `npm run test:nodes` has kubelet ask it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from embedded_aws.eks.real_nodes.csi import (
    MULTI_NODE_READER_ONLY,
    VOLUME_MOUNT_GROUP,
    NodeGetCapabilitiesResponse,
    NodeGetInfoResponse,
    NodePublishVolumeRequest,
    NodeUnpublishVolumeRequest,
    PluginInfo,
    RegistrationStatus,
)
from running import PYTHON, SOURCE

if TYPE_CHECKING:
    from pathlib import Path

# Runs in the embedded AWS's own Python.
DRIVER = """
import json, sys
from pathlib import Path
from embedded_aws.eks.pod_root import VolumeError
from embedded_aws.eks.real_nodes.bucket_copies import BucketCopies
from embedded_aws.eks.real_nodes.volumes import NodeDriver

def fill(mount, target):
    (target / "mount.json").write_text(json.dumps(vars(mount)))
    if mount.service_account == "refused":
        raise VolumeError("100 % refused, für alle")

root = Path(sys.argv[1])
driver = NodeDriver(root, "node-a", BucketCopies(root, fill))
print("ready", flush=True)
sys.stdin.read()
driver.close()
"""
REGISTRY = "var/lib/kubelet/plugins_registry"
SOCKET = "s3.csi.aws.com-reg.sock"
TARGET = "/var/lib/kubelet/pods/uid/volumes/kubernetes.io~csi/volume/mount"
Call = Callable[..., bytes]


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A driver, whose node has its own files in the temporary directory."""
    with subprocess.Popen(
        [PYTHON, "-c", DRIVER, tmp_path],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert started.stdout
        try:
            assert started.stdout.readline() == "ready\n"
            yield started
        finally:
            started.kill()


@pytest.fixture
def call(process: subprocess.Popen[str], tmp_path: Path) -> Iterator[Call]:
    """Calls a method with gRPC's own client."""
    assert process.poll() is None
    # The name of a socket has at most 107 bytes.
    directory = os.open(tmp_path / REGISTRY, os.O_PATH)
    with grpc.insecure_channel(
        f"unix:/proc/self/fd/{directory}/{SOCKET}", options=[("grpc.default_authority", "localhost")]
    ) as channel:
        yield lambda path, request=b"": channel.unary_unary(path)(request, timeout=60)
    os.close(directory)


def publication(
    service_account: str = "digits", target: str = TARGET, mode: int = MULTI_NODE_READER_ONLY, **attributes: str
) -> bytes:
    context = {
        "bucketName": "bucket",
        "authenticationSource": "pod",
        "csi.storage.k8s.io/pod.namespace": "models",
        "csi.storage.k8s.io/serviceAccount.name": service_account,
        **attributes,
    }
    request = NodePublishVolumeRequest(volume_id="volume", target_path=target, volume_context=context)
    request.volume_capability.mount.mount_flags.extend(["region eu-central-1", "prefix models/"])
    request.volume_capability.mount.volume_mount_group = "65532"
    request.volume_capability.access_mode.mode = mode
    found: bytes = request.SerializeToString()
    return found


def shown(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((root / TARGET[1:] / "mount.json").read_text())
    return found


def test_kubelet_learns_its_name_and_which_node_it_is_on(call: Call) -> None:
    described = PluginInfo.FromString(call("/pluginregistration.Registration/GetInfo"))

    assert described == PluginInfo(
        type="CSIPlugin", name="s3.csi.aws.com", endpoint=f"/{REGISTRY}/{SOCKET}", supported_versions=["1.0.0"]
    )
    assert call("/pluginregistration.Registration/NotifyRegistrationStatus", b"\x08\x01") == b""
    assert NodeGetInfoResponse.FromString(call("/csi.v1.Node/NodeGetInfo")) == NodeGetInfoResponse(node_id="node-a")


def test_kubelet_leaves_the_group_of_files_to_it(call: Call) -> None:
    (capability,) = NodeGetCapabilitiesResponse.FromString(call("/csi.v1.Node/NodeGetCapabilities")).capabilities

    assert capability.rpc.type == VOLUME_MOUNT_GROUP


def test_a_volume_shows_what_the_pod_may_read_until_it_is_unmounted(call: Call, tmp_path: Path) -> None:
    call("/csi.v1.Node/NodePublishVolume", publication())

    mount = shown(tmp_path)
    assert (mount["volume"], mount["namespace"], mount["service_account"]) == ("volume", "models", "digits")
    assert mount["attributes"]["bucketName"] == "bucket"
    assert mount["options"] == ["region eu-central-1", "prefix models/"]
    assert (mount["read_only"], mount["group"]) == (True, "65532")

    unmounted = NodeUnpublishVolumeRequest(target_path=TARGET).SerializeToString()
    call("/csi.v1.Node/NodeUnpublishVolume", unmounted)

    assert list((tmp_path / TARGET[1:]).parent.iterdir()) == []
    # Kubelet asks again where it did not receive the answer.
    call("/csi.v1.Node/NodeUnpublishVolume", unmounted)


def test_a_volume_of_another_access_mode_may_be_written(call: Call, tmp_path: Path) -> None:
    call("/csi.v1.Node/NodePublishVolume", publication(mode=5))

    assert not shown(tmp_path)["read_only"]


def test_a_volume_that_is_mounted_already_stays_as_it_is(call: Call, tmp_path: Path) -> None:
    call("/csi.v1.Node/NodePublishVolume", publication())
    call("/csi.v1.Node/NodePublishVolume", publication(service_account="other"))

    assert shown(tmp_path)["service_account"] == "digits"


def test_a_request_may_be_larger_than_what_is_sent_at_once(call: Call, tmp_path: Path) -> None:
    call("/csi.v1.Node/NodePublishVolume", publication(large="x" * 300_000))

    assert len(shown(tmp_path)["attributes"]["large"]) == 300_000


def test_a_volume_that_cannot_be_mounted_leaves_nothing_and_says_why(call: Call, tmp_path: Path) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        call("/csi.v1.Node/NodePublishVolume", publication(service_account="refused"))

    assert failed.value.code() == grpc.StatusCode.INTERNAL
    assert failed.value.details() == "100 % refused, für alle"
    assert list((tmp_path / TARGET[1:]).parent.iterdir()) == []


@pytest.mark.parametrize("target", ["/etc/mount", "/var/lib/kubelet/pods/../../../../etc/mount"])
def test_nothing_is_mounted_elsewhere(call: Call, tmp_path: Path, target: str) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        call("/csi.v1.Node/NodePublishVolume", publication(target=target))

    assert target in failed.value.details()
    assert not (tmp_path / "etc").exists()


def test_a_method_that_it_lacks_is_refused(call: Call) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        call("/csi.v1.Node/NodeStageVolume", b"")

    assert failed.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_its_socket_goes_with_it(process: subprocess.Popen[str], tmp_path: Path) -> None:
    assert (tmp_path / REGISTRY / SOCKET).is_socket()

    process.communicate()

    assert not (tmp_path / REGISTRY / SOCKET).exists()


def test_messages_have_the_numbers_of_their_specifications() -> None:
    # The bytes include fields that these messages leave out: a boolean and a file system.
    status = RegistrationStatus.FromString(b"\x08\x00\x12\x02no")
    assert status.error == "no"
    published = NodePublishVolumeRequest.FromString(
        b"\x0a\x01v\x22\x02/t\x2a\x12\x12\x0c\x0a\x04ext4\x12\x01o\x1a\x01g\x1a\x02\x08\x03\x30\x01\x42\x06\x0a\x01k\x12\x01w"
    )
    assert (published.volume_id, published.target_path) == ("v", "/t")
    assert list(published.volume_capability.mount.mount_flags) == ["o"]
    assert (published.volume_capability.mount.volume_mount_group, published.readonly) == ("g", True)
    assert published.volume_capability.access_mode.mode == MULTI_NODE_READER_ONLY
    assert dict(published.volume_context) == {"k": "w"}
    # A capability of remote procedures, which is a group of files.
    assert (
        NodeGetCapabilitiesResponse.FromString(b"\x0a\x04\x0a\x02\x08\x06").capabilities[0].rpc.type
        == VOLUME_MOUNT_GROUP
    )
    assert NodeUnpublishVolumeRequest.FromString(b"\x0a\x01v\x12\x02/t").target_path == "/t"
