"""The parts of real nodes that need neither root nor their programs. `npm run test:nodes` runs the nodes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from embedded_aws import callers
from embedded_aws.eks.real_nodes.network import GATEWAY, inside
from embedded_aws.eks.real_nodes.node_files import container_network, kube_proxy, kubelet
from embedded_aws.eks.real_nodes.pod_identity import patch
from embedded_aws.eks.real_nodes.sweeper import Sweeper


def apply(document: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply additions of a JSON patch."""
    for operation in operations:
        *way, last = operation["path"].strip("/").split("/")
        target: Any = document
        for part in way:
            target = target[int(part) if isinstance(target, list) else part]
        assert operation["op"] == "add"
        target[last] = operation["value"]
    return document


def pod() -> dict[str, Any]:
    server = {"name": "server", "image": "s", "env": [{"name": "AWS_REGION", "value": "own"}]}
    return {
        "spec": {"initContainers": [{"name": "copy", "image": "c"}], "containers": [server], "volumes": [{"name": "v"}]}
    }


def test_a_pod_with_a_role_gets_a_token_and_the_address_of_its_credentials_in_every_container() -> None:
    changed = apply(json.loads(json.dumps(pod())), patch(pod(), {"AWS_REGION": "r"}, with_role=True))["spec"]

    (mine, token) = changed["volumes"]
    assert mine == {"name": "v"}
    assert token["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "pods.eks.amazonaws.com"
    for container in [*changed["initContainers"], *changed["containers"]]:
        variables = {variable["name"]: variable["value"] for variable in container["env"]}
        (mount,) = container["volumeMounts"]
        assert mount["name"] == token["name"]
        assert variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] == "http://169.254.170.23/v1/credentials"
        assert variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].startswith(mount["mountPath"])
    assert changed["initContainers"][0]["env"][0] == {"name": "AWS_REGION", "value": "r"}
    # A variable that the pod sets itself stays.
    assert [variable["value"] for variable in changed["containers"][0]["env"] if variable["name"] == "AWS_REGION"] == [
        "own"
    ]


def test_a_pod_without_a_role_gets_no_token() -> None:
    changed = apply(json.loads(json.dumps(pod())), patch(pod(), {"AWS_REGION": "r"}, with_role=False))["spec"]

    assert changed["volumes"] == [{"name": "v"}]
    assert all("volumeMounts" not in container for container in changed["containers"])


def test_directories_are_removed_also_where_the_starter_is_killed(tmp_path: Path) -> None:
    (tmp_path / "swept").mkdir()
    script = (
        "import sys, time; from pathlib import Path\n"
        "from embedded_aws.eks.real_nodes.sweeper import Sweeper\n"
        "sweeper = Sweeper(None, Path(sys.argv[1])); print('started', flush=True); time.sleep(600)\n"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "swept")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    starter.stdout.readline()
    assert (tmp_path / "swept").exists()

    starter.send_signal(signal.SIGKILL)
    starter.wait()

    deadline = time.monotonic() + 60
    while (tmp_path / "swept").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_sweep_waits_until_all_is_gone(tmp_path: Path) -> None:
    (tmp_path / "swept" / "below").mkdir(parents=True)

    Sweeper(None, tmp_path / "swept").sweep()

    assert not (tmp_path / "swept").exists()


def test_a_directory_that_a_process_makes_again_while_it_ends_is_removed_too(tmp_path: Path) -> None:
    swept = tmp_path / "swept"
    swept.mkdir()
    script = "while [ -e $TMPDIR ]; do sleep 0.05; done; sleep 2; mkdir -p $TMPDIR/again"
    late = subprocess.Popen(["sh", "-c", script], env={**os.environ, "TMPDIR": str(swept)})

    Sweeper(None, swept).sweep()

    assert late.wait() == 0
    assert not swept.exists()


def test_a_sweep_does_not_wait_for_processes_with_similar_directories(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "600"], env={**os.environ, "TMPDIR": str(tmp_path / "swept-not")})
    try:
        (tmp_path / "swept").mkdir()

        Sweeper(None, tmp_path / "swept").sweep()

        assert other.poll() is None
        assert not (tmp_path / "swept").exists()
    finally:
        other.kill()
        other.wait()


def test_the_embedded_aws_answers_nodes_at_the_address_at_which_they_see_it() -> None:
    assert callers._is_ours(f"{GATEWAY}:4566")
    assert not callers._is_ours("10.77.0.2:4566")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to join a network")
def test_a_socket_that_is_made_in_a_network_stays_in_it() -> None:
    command = ["unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            own = Path("/proc/self/ns/net").readlink()
            found, made = inside(process.pid, lambda: (Path("/proc/thread-self/ns/net").readlink(), socket.socket()))
            # The loopback interface is down in the namespace, and this machine's is not.
            with made, socket.create_server(("127.0.0.1", 0)) as here, pytest.raises(OSError, match="unreachable"):
                made.connect(here.getsockname())
            assert found == Path(f"/proc/{process.pid}/ns/net").readlink() != own
            assert Path("/proc/thread-self/ns/net").readlink() == own
            with pytest.raises(ValueError, match="as is"):
                inside(process.pid, lambda: int("as is"))
        finally:
            process.kill()


def test_nothing_is_done_in_the_network_of_a_process_that_has_ended() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    with pytest.raises(FileNotFoundError):
        inside(ended.pid, socket.socket)


def test_the_programs_of_a_node_leave_the_host_alone() -> None:
    assert kubelet("/ca.crt", "/resolv.conf", 1)["makeIPTablesUtilChains"] is False
    assert kube_proxy("node", "/kubeconfig")["conntrack"]["maxPerCore"] == 0
    assert [plugin["type"] for plugin in container_network("10.244.1.0/24")["plugins"]] == ["bridge", "portmap"]
