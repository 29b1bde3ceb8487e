"""Starting and ending: what the demo and the end-to-end tests lean on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from embedded_aws import patching, pins
from embedded_aws.ec2.systemd.image import CannotBootError, check_machine
from running import ROOT, Running, command, environment, started
from support import function, invoke, project, role, start_build

if TYPE_CHECKING:
    from pathlib import Path

MARK = "EMBEDDED_AWS_TEST_MARK"


def marked_processes() -> list[int]:
    """Processes that a function or build of this module started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(os.getpid()) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def wait_for(condition: object, *, want: bool) -> None:
    assert callable(condition)
    while bool(condition()) != want:
        time.sleep(0.05)


def occupy(aws: Running) -> None:
    """A function that sleeps in an invocation and a build that sleeps in a grandchild."""
    marks = {MARK: str(os.getpid())}
    sleeper = function(
        aws, "import time\ndef handler(e, c): time.sleep(100)", Timeout=100, Environment={"Variables": marks}
    )

    def call() -> None:
        try:
            invoke(aws, sleeper)
        except (BotoCoreError, ClientError):
            return  # the embedded AWS ended

    threading.Thread(target=call, daemon=True).start()
    spec = {"version": "0.2", "phases": {"build": {"commands": ["sh -c 'sleep 100; true'"]}}}
    name = project(aws, json.dumps(spec))
    start_build(aws, name, environmentVariablesOverride=[{"name": MARK, "value": marks[MARK]}])
    wait_for(lambda: len(marked_processes()) >= 3, want=True)


def test_the_ready_line_and_file_say_where_it_listens(tmp_path: Path) -> None:
    with started(tmp_path, "--ready-file", str(tmp_path / "ready.json")) as aws:
        facts = json.loads((tmp_path / "ready.json").read_text())
        assert facts == {
            "endpoint": aws.endpoint,
            "port": aws.port,
            "account": "123456789012",
            "region": "us-east-1",
            "pid": aws.process.pid,
            "nodes": "simulated: pods are processes of this machine",
        }
        assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_it_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    with started(tmp_path) as aws:  # without functions or load balancers, which have ports of their own
        connections = psutil.Process(aws.process.pid).net_connections(kind="inet")
        listening = [entry.laddr for entry in connections if entry.status == psutil.CONN_LISTEN]
        assert [(address.ip, address.port) for address in listening] == [("127.0.0.1", aws.port)]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_functions_and_builds_and_leaves_no_files(tmp_path: Path, number: int) -> None:
    with started(tmp_path) as aws:
        occupy(aws)
        aws.process.send_signal(number)
        assert aws.process.wait(30) == 0
    wait_for(marked_processes, want=False)
    assert [path.name for path in tmp_path.iterdir()] == ["embedded-aws.log"]


def test_a_signal_does_not_wait_for_a_state_machine_that_waits(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        states = aws.client("stepfunctions")
        definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 600, "End": True}}}
        machine = states.create_state_machine(
            name="waits", definition=json.dumps(definition), roleArn=role(aws, "states.amazonaws.com")
        )
        execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])
        wait_for(
            lambda: len(states.get_execution_history(executionArn=execution["executionArn"])["events"]) > 1, want=True
        )
        aws.process.send_signal(signal.SIGTERM)
        assert aws.process.wait(30) == 0


def test_functions_and_builds_end_even_when_it_is_killed(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        occupy(aws)
        aws.process.kill()
        wait_for(marked_processes, want=False)


def test_it_ends_in_order_when_its_input_is_closed(tmp_path: Path) -> None:
    with started(tmp_path) as aws:
        occupy(aws)
        assert aws.process.stdin
        aws.process.stdin.close()
        assert aws.process.wait(30) == 0
    wait_for(marked_processes, want=False)
    assert [path.name for path in tmp_path.iterdir()] == ["embedded-aws.log"]


@pytest.mark.parametrize("ready", [True, False], ids=["that runs", "that is just starting"])
def test_a_killed_node_program_leaves_no_embedded_aws(tmp_path: Path, *, ready: bool) -> None:
    program = """
const { EmbeddedAws } = require("./lab/emulator/client/embedded-aws.ts");
EmbeddedAws.start().then((aws) => console.log(aws.pid));
"""
    node = shutil.which("node")
    assert node
    with subprocess.Popen(
        [node, "--import", "tsx", "-e", program],
        cwd=ROOT,
        env={**os.environ, MARK: str(os.getpid()), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as caller:
        if ready:
            assert caller.stdout
            assert int(caller.stdout.readline()) in marked_processes()
        else:
            wait_for(lambda: len(marked_processes()) > 1, want=True)
        caller.kill()
    wait_for(marked_processes, want=False)


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = command("--state", str(tmp_path), "--port", str(taken.getsockname()[1]))
        result = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)
    assert result.returncode == 69
    assert "in use" in result.stderr


def why_no_systemd_without_an_image() -> str:
    """Reason that the check gives: this machine cannot boot under systemd, or the command that makes the image."""
    try:
        check_machine()
    except CannotBootError as error:
        return str(error)
    return "npm run test:machines"


def test_every_replaced_and_used_name_of_ministack_exists(tmp_path: Path) -> None:
    arguments = command("--check", "--state", str(tmp_path), "--cache", str(tmp_path / "cache"))
    variables = environment(XDG_CACHE_HOME=str(tmp_path))
    result = subprocess.run(arguments, env=variables, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    facts = json.loads(result.stdout)
    assert facts["namespaces"] == "ok"
    assert why_no_systemd_without_an_image() in facts["systemd"]
    # Nothing is built below this cache directory, and not every machine could run it.
    assert facts["nodes"].startswith("real nodes need ")
    assert "ministack.services.codebuild._start_build" in facts["replaced"]
    assert "ministack.services.lambda_svc._execute_function_warm" in facts["replaced"]
    assert "ministack.services.iam._roles" in facts["used"]


def test_does_not_start_where_instances_cannot_boot_as_they_are_to(tmp_path: Path) -> None:
    arguments = command(
        "--port", "0", "--instances", "systemd", "--state", str(tmp_path), "--cache", str(tmp_path / "c")
    )
    result = subprocess.run(arguments, env=environment(), capture_output=True, text=True, check=False)

    assert result.returncode == 69
    assert result.stderr.splitlines()[-1].startswith("the embedded AWS cannot start: ")
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_does_not_start_where_real_nodes_are_asked_for_and_cannot_run(tmp_path: Path) -> None:
    state = tmp_path / "state"
    arguments = command("--port", "0", "--nodes", "real", "--state", str(state))
    variables = environment(XDG_CACHE_HOME=str(tmp_path / "cache"))
    result = subprocess.run(arguments, env=variables, capture_output=True, text=True, check=False)

    assert result.returncode == 69
    assert result.stderr.startswith("the embedded AWS cannot start with --nodes real: real nodes need ")
    assert not state.exists()


def test_the_ready_file_says_what_runs_pods_and_why_auto_found_no_real_nodes(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    options = ("--nodes", "auto", "--ready-file", str(ready))
    with started(tmp_path, *options, XDG_CACHE_HOME=str(tmp_path / "cache")):
        nodes = json.loads(ready.read_text())["nodes"]

    assert nodes.startswith("simulated: pods are processes of this machine, because real nodes need ")
    assert f"nodes are {nodes}" in (tmp_path / "embedded-aws.log").read_text()


def test_a_name_that_ministack_lacks_stops_the_start() -> None:
    with pytest.raises(patching.PatchError, match="json has no no_such_name"):
        patching.replace(json, "no_such_name", lambda original: original)
    with pytest.raises(patching.PatchError, match="json has no no_such_name"):
        patching.rely_on(json, "no_such_name")


def test_another_ministack_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pins.metadata, "version", lambda _: "1.5.34")
    with pytest.raises(pins.WrongMiniStackError, match=r"needs ministack 1\.5\.33, found 1\.5\.34"):
        pins.check_ministack()
