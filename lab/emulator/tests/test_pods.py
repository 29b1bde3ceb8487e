"""A pod on this machine: its volumes, its command line, the content of its claims."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from embedded_aws.ec2 import stock
from embedded_aws.eks.mountpoint import Mountpoint
from embedded_aws.eks.pod_root import PodRoot, VolumeError
from embedded_aws.eks.pod_state import Ended
from embedded_aws.eks.pods import HostRuntime
from support import unique

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.eks.pod_state import PodState
    from running import Running

MOUNTS = [
    {"name": "model", "mountPath": "/models/digits"},
    {"name": "config", "mountPath": "/etc/server"},
    {"name": "tmp", "mountPath": "/tmp"},
]
#: Real path of Python, not below /tmp, where a clone may be: a pod has a /tmp of its own.
PYTHON = str(Path(sys.executable).resolve())
CONFIG = 'base_path: "/models/digits" other: "/models/digits2" inside: "/models/digits/7"'


def pod(**changed: Any) -> dict[str, Any]:
    server = {
        "name": "server",
        "image": "server:1",
        "command": ["/usr/bin/server"],
        "args": ["--port=8500", "--rest_api_port=8501", "--timeout=8500", "--config=/etc/server/models.config"],
        "env": [{"name": "DIRECTORY", "value": "/models/digits/7"}, {"name": "LOG", "value": "/var/tmp/log"}],
        "ports": [{"name": "grpc", "containerPort": 8500}, {"name": "http", "containerPort": 8501}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": MOUNTS,
    }
    item = {"path": "models.config", "fieldRef": {"fieldPath": "metadata.annotations['a/models.config']"}}
    spec = {
        "serviceAccountName": "digits",
        "containers": [server],
        "volumes": [
            {"name": "model", "persistentVolumeClaim": {"claimName": "claim"}},
            {"name": "config", "downwardAPI": {"items": [item]}},
            {"name": "tmp", "emptyDir": {}},
        ],
        **changed,
    }
    metadata = {"name": "p", "namespace": "models", "uid": unique("u"), "annotations": {"a/models.config": CONFIG}}
    return {"metadata": metadata, "spec": spec}


def test_mount_paths_become_paths_of_this_machine_and_others_stay(tmp_path: Path) -> None:
    root = PodRoot(pod(), tmp_path)
    root.mount(lambda claim, target: (target / claim).touch())

    (server,) = pod()["spec"]["containers"]
    command = root.command(server, {"/usr/bin/server": ["python", "-m", "server"]})
    assert command[:3] == ["python", "-m", "server"]
    assert command[6] == f"--config={tmp_path}/root/etc/server/models.config"
    assert root.environment(server) == {"DIRECTORY": f"{tmp_path}/root/models/digits/7", "LOG": "/var/tmp/log"}
    inside = f"{tmp_path}/root/models/digits"
    expected = f'base_path: "{inside}" other: "/models/digits2" inside: "{inside}/7"'
    assert root.path("/etc/server/models.config").read_text() == expected
    assert root.path("/models/digits/claim").exists()


def test_ports_named_by_a_port_flag_become_free_ports(tmp_path: Path) -> None:
    root = PodRoot(pod(), tmp_path)
    (server,) = pod()["spec"]["containers"]

    arguments = root.command(server, {})[1:4]

    assert arguments == [
        f"--port={root.port(server, 'grpc')}",
        f"--rest_api_port={root.port(server, 8501)}",
        "--timeout=8500",
    ]
    assert 8500 not in {root.port(server, "grpc"), root.port(server, "http")}


@pytest.mark.parametrize(
    ("volume", "message"),
    [
        ({"name": "model", "hostPath": {"path": "/"}}, "volume model: only claims"),
        (
            {"name": "model", "downwardAPI": {"items": [{"path": "x", "fieldRef": {"fieldPath": "metadata.name"}}]}},
            "metadata.name is no annotation",
        ),
    ],
)
def test_a_volume_that_is_not_mounted_here_is_named(tmp_path: Path, volume: dict[str, Any], message: str) -> None:
    with pytest.raises(VolumeError, match=message):
        PodRoot(pod(volumes=[volume]), tmp_path).mount(lambda *_: None)


def wait_until(done: Callable[[], bool]) -> None:
    import time

    while not done():
        time.sleep(0.05)


def settled(runtime: HostRuntime, asked: dict[str, Any], done: Callable[[PodState], bool]) -> PodState:
    import time

    while not done(state := runtime.state(asked)):
        time.sleep(0.05)
    return state


def test_a_pod_whose_init_container_fails_never_becomes_ready_and_says_why(tmp_path: Path) -> None:
    script = "echo the model needs another processor; exit 1"
    check = {"name": "check", "image": "check", "command": ["/bin/sh", "-c", script], "volumeMounts": MOUNTS}
    runtime = HostRuntime(tmp_path, lambda *_: None)
    asked = pod(initContainers=[check])

    state = settled(runtime, asked, lambda found: bool(found.message))

    assert (state.ready, state.initialized, state.waiting) == (False, False, "CrashLoopBackOff")
    assert (state.container, state.restarts) == ("check", 1)
    assert state.ended == Ended(1, "the model needs another processor")
    assert runtime.log("models", "p", "check", False) == "the model needs another processor\n"
    assert runtime.log("models", "p", "other", False) is None
    runtime.keep(set())
    assert list(tmp_path.iterdir()) == []


SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 404)
        self.end_headers()
port = int(sys.argv[1].removeprefix("--rest_api_port="))
http.server.HTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.mark.parametrize(("path", "ready"), [("/ready", True), ("/other", False)])
def test_a_pod_is_ready_when_its_probe_is_answered_and_announces_its_ports(
    tmp_path: Path, path: str, ready: bool
) -> None:
    asked = pod()
    (server,) = asked["spec"]["containers"]
    server |= {"command": [PYTHON, "-c", SERVER], "args": ["--rest_api_port=8501"]}
    server["readinessProbe"]["httpGet"]["path"] = path
    runtime = HostRuntime(tmp_path, lambda *_: None)

    # Probes are refused before the server listens.
    def answered(state: PodState) -> bool:
        return (state.ready and not state.unhealthy) or "statuscode" in state.unhealthy

    state = settled(runtime, asked, answered)
    assert (state.ready, state.unhealthy) == (ready, "" if ready else "HTTP probe failed with statuscode: 404")
    host, port = dict(state.annotations)["embedded-aws/http"].split(":")
    socket.create_connection((host, int(port))).close()
    runtime.keep(set())


def test_a_pod_may_copy_its_model_from_the_bucket_with_its_own_role(aws: Running, tmp_path: Path) -> None:
    bucket = unique("models")
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key="digits/7/saved_model.pb", Body=b"model")
    program = stock.aws_command(tmp_path / "cache", tmp_path)

    def identify(_: dict[str, Any]) -> dict[str, str]:
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
        return {"PATH": f"{program.parent}:/usr/bin:/bin", "AWS_ENDPOINT_URL": aws.endpoint, **keys}

    copy = {
        "name": "copy",
        "image": "copy",
        "command": ["aws"],
        "args": ["s3", "cp", "--recursive", f"s3://{bucket}/digits/7/", "/models/digits/7/"],
        "volumeMounts": MOUNTS,
    }
    look = {
        "name": "look",
        "image": "look",
        "command": ["/bin/sh", "-c", "cat /models/digits/7/saved_model.pb; exit 1"],
    }
    asked = pod(initContainers=[copy, {**look, "volumeMounts": MOUNTS}])
    asked["spec"]["volumes"][0] = {"name": "model", "emptyDir": {}}
    runtime = HostRuntime(tmp_path / "pods", lambda *_: None, identify)

    state = settled(runtime, asked, lambda found: bool(found.message))

    assert state.ended == Ended(1, "model")
    runtime.keep(set())


def test_a_pod_waits_for_its_volumes(tmp_path: Path) -> None:
    def refuse(*_: Any) -> None:
        raise VolumeError("the claim models/claim is not bound")

    runtime = HostRuntime(tmp_path, refuse)

    state = settled(runtime, pod(), lambda found: bool(found.message))

    assert (state.waiting, state.message) == ("ContainerCreating", "the claim models/claim is not bound")
    runtime.keep(set())


def test_a_pod_that_cannot_run_here_does_not_affect_others(tmp_path: Path) -> None:
    runtime = HostRuntime(tmp_path, lambda *_: None)
    bare = pod(containers=[{"name": "pause", "image": "pause"}], volumes=[])

    state = settled(runtime, bare, lambda found: bool(found.message))

    assert (state.waiting, state.ready) == ("CreateContainerError", False)
    assert state.message.startswith("only pods with a command")
    runtime.keep(set())


class Objects:
    """The objects of a cluster, by path."""

    def __init__(self, bucket: str, annotations: dict[str, str]) -> None:
        volume = {
            "driver": "s3.csi.aws.com",
            "volumeAttributes": {"bucketName": bucket, "authenticationSource": "pod"},
        }
        options = ["region us-east-1", "prefix digits/saved_model/"]
        self.objects: dict[str, Any] = {
            "/api/v1/namespaces/models/persistentvolumeclaims/claim": {
                "spec": {"volumeName": "volume"},
                "status": {"phase": "Bound"},
            },
            "/api/v1/persistentvolumes/volume": {
                "metadata": {"name": "volume"},
                "spec": {"csi": volume, "mountOptions": options},
            },
            "/api/v1/namespaces/models/serviceaccounts/digits": {"metadata": {"annotations": annotations}},
        }

    def get(self, path: str) -> Any:
        return json.loads(json.dumps(self.objects.get(path)))


def mount(
    aws: Running,
    target: Path,
    *,
    installed: bool = True,
    role: str | None = "arn:aws:iam::123456789012:role/digits",
    annotations: dict[str, str] | None = None,
    phase: str = "Bound",
) -> None:
    s3, bucket = aws.client("s3"), unique("models")
    s3.create_bucket(Bucket=bucket)
    for key in ("digits/saved_model/7/saved_model.pb", "digits/saved_model/7/variables/x", "digits/golden/7.json"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    cluster: Any = Objects(bucket, annotations or {})
    cluster.objects["/api/v1/namespaces/models/persistentvolumeclaims/claim"]["status"]["phase"] = phase
    mountpoint = Mountpoint(cluster, installed=lambda: installed, role_of=lambda *_: role, s3_as=lambda _: s3)
    mountpoint.mount(pod(), "claim", target)


def test_a_claim_shows_its_prefix_of_the_bucket_and_nothing_else(aws: Running, tmp_path: Path) -> None:
    mount(aws, tmp_path)

    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["7/saved_model.pb", "7/variables/x"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"installed": False}, "add-on aws-mountpoint-s3-csi-driver"),
        ({"role": None}, "no pod identity association gives models/digits a role"),
        ({"phase": "Pending"}, "the claim models/claim is not bound"),
        ({"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"}}, "must not have the annotation"),
    ],
)
def test_a_claim_is_mounted_only_if_it_would_be_on_aws(
    aws: Running, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(VolumeError, match=message):
        mount(aws, tmp_path, **changed)


DRAINING = """
import http.server, signal, sys, threading, time
def end(*_):
    time.sleep(0.5)  # clients still ask
    threading.Thread(target=server.shutdown).start()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
port = int(sys.argv[1].removeprefix("--rest_api_port="))
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
server.serve_forever()
open(sys.argv[2], "w").write("drained")
"""


def draining_pod(path: str) -> dict[str, Any]:
    asked = pod()
    (server,) = asked["spec"]["containers"]
    # The path stays if no volume is mounted at /tmp.
    server |= {
        "command": [PYTHON, "-c", DRAINING],
        "args": ["--rest_api_port=8501", path],
        "volumeMounts": MOUNTS[:2],
    }
    return asked


def test_a_server_without_a_hook_gets_sigterm_and_its_time_to_end(tmp_path: Path) -> None:
    """The hook of TensorFlow Serving's pods is a sleep, which is left out."""
    said, killed = tmp_path / "said", tmp_path / "killed"
    runtime = HostRuntime(tmp_path / "pods", lambda *_: None)
    with_hook = draining_pod(str(killed))
    with_hook["spec"]["containers"][0]["lifecycle"] = {"preStop": {"sleep": {"seconds": 45}}}
    for asked in (draining_pod(str(said)), with_hook):
        settled(runtime, asked, lambda state: state.ready)

    runtime.keep(set())

    wait_until(lambda: said.exists() and said.read_text() == "drained")
    assert not killed.exists()
    wait_until(lambda: not any((tmp_path / "pods").iterdir()))


def test_closing_ends_draining_servers(tmp_path: Path) -> None:
    said = tmp_path / "said"
    runtime = HostRuntime(tmp_path / "pods", lambda *_: None)
    asked = draining_pod(str(said))
    asked["spec"]["containers"][0]["command"][2] = DRAINING.replace("time.sleep(0.5)", "time.sleep(3600)")
    settled(runtime, asked, lambda state: state.ready)
    runtime.keep(set())

    runtime.close()

    assert not said.exists()
    assert not any((tmp_path / "pods").iterdir())


def test_a_program_that_was_copied_into_a_volume_runs_from_there(tmp_path: Path) -> None:
    fill = {
        "name": "copy",
        "image": "copy:1",
        "command": [
            "/bin/sh",
            "-c",
            "printf '#!/bin/sh\\necho copied; exit 1\\n' > /opt/x/program; chmod 0555 /opt/x/program",
        ],
        "volumeMounts": [{"name": "program", "mountPath": "/opt/x"}],
    }
    run = {"name": "run", "image": "run:1", "command": ["/opt/x/program"], "volumeMounts": fill["volumeMounts"]}
    runtime = HostRuntime(tmp_path, lambda *_: None)
    asked = pod(initContainers=[fill, run])
    asked["spec"]["volumes"].append({"name": "program", "emptyDir": {}})

    state = settled(runtime, asked, lambda found: bool(found.message))

    assert state.ended == Ended(1, "copied")
    runtime.close()
