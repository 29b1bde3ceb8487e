"""Lambda's `provided.al2023`: functions that bring an executable of their own and speak the Runtime API."""

from __future__ import annotations

import base64
import http.client
import json
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from support import archive, layer, role, unique, wait_until_updated

if TYPE_CHECKING:
    from running import Running

BOOTSTRAP = """#!/usr/bin/env python3
import json, os, sys, urllib.request

API = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime"

def post(path, value):
    request = urllib.request.Request(API + path, json.dumps(value).encode(), method="POST")
    return urllib.request.urlopen(request).status

print("a line of the start", flush=True)
if os.environ.get("START") == "fails":
    post("/init/error", {"errorMessage": "no model", "errorType": "Model.Missing"})
    sys.exit(1)
count = 0
while True:
    with urllib.request.urlopen(API + "/invocation/next") as response:
        headers, event = dict(response.headers), json.load(response)
    count += 1
    name = headers["Lambda-Runtime-Aws-Request-Id"]
    print("a line of", event, flush=True)
    if event == "exit":
        sys.exit(3)
    if event == "sleep":
        import time; time.sleep(60)
    if event == "fail":
        post(f"/invocation/{name}/error", {"errorMessage": "bad", "errorType": "Input", "where": [1]})
        continue
    answer = {
        "event": event, "count": count, "path": sys.argv[0], "directory": os.getcwd(), "headers": headers,
        "environment": dict(os.environ),
    }
    assert post(f"/invocation/{name}/response", answer) == 202
    if event == "late":
        import time; time.sleep(0.3)
        print("a line after the answer", flush=True)
"""


def function(aws: Running, code: bytes, **settings: Any) -> str:
    """The name of a new, active function."""
    name = unique("function")
    aws.client("lambda").create_function(
        FunctionName=name,
        Handler="any.thing",
        Code={"ZipFile": code},
        Role=role(aws, "lambda.amazonaws.com"),
        **{"Runtime": "provided.al2023", "Timeout": 20, "MemorySize": 256, **settings},
    )
    wait_until_updated(aws, name)
    return name


def invoke(aws: Running, name: str, event: Any) -> tuple[Any, bool, str]:
    """The payload, whether the function failed, and the end of its log."""
    response = aws.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    log = base64.b64decode(response["LogResult"]).decode()
    return json.loads(response["Payload"].read()), "FunctionError" in response, log


@pytest.fixture(scope="module")
def served(aws: Running) -> str:
    return function(aws, archive({"bootstrap": BOOTSTRAP}, 0o755))


def test_its_bootstrap_gets_events_and_answers_them(aws: Running, served: str) -> None:
    answer, failed, log = invoke(aws, served, {"x": "ü"})

    assert not failed, answer
    assert (answer["event"], answer["path"], answer["directory"]) == ({"x": "ü"}, "/var/task/bootstrap", "/var/task")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{served}"
    assert answer["headers"]["Lambda-Runtime-Invoked-Function-Arn"] == arn
    assert int(answer["headers"]["Lambda-Runtime-Deadline-Ms"]) > 0
    assert "a line of the start" in log
    assert "a line of {'x': 'ü'}" in log
    assert invoke(aws, served, 2)[0]["count"] == answer["count"] + 1


def test_sees_the_environment_of_lambda_and_nothing_of_a_managed_runtime(aws: Running, served: str) -> None:
    environment = invoke(aws, served, None)[0]["environment"]

    assert environment["_HANDLER"] == "any.thing"
    assert environment["LAMBDA_TASK_ROOT"] == "/var/task"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == served
    assert environment["AWS_SESSION_TOKEN"]
    assert not {"AWS_EXECUTION_ENV", "PYTHONPATH", "NODE_PATH", "HOME"} & set(environment)


def test_the_runtime_api_listens_on_the_loopback_interface_and_answers_no_web_pages(aws: Running, served: str) -> None:
    api = invoke(aws, served, None)[0]["environment"]["AWS_LAMBDA_RUNTIME_API"]
    connections = psutil.Process(aws.process.pid).net_connections(kind="inet")
    listening = {
        (connection.laddr.ip, connection.laddr.port)
        for connection in connections
        if connection.status == psutil.CONN_LISTEN
    }

    host, _, port = api.partition(":")
    assert (host, int(port)) in listening
    assert {address for address, _ in listening} == {"127.0.0.1"}
    for method, path in (("GET", "invocation/next"), ("POST", "init/error")):
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request(method, f"/2018-06-01/runtime/{path}", headers={"Origin": "https://example.com"})
        assert connection.getresponse().status == 403
    assert not invoke(aws, served, None)[1]


def test_a_layer_s_bootstrap_runs_where_the_code_has_none(aws: Running) -> None:
    runtime = layer(aws, {"bootstrap": BOOTSTRAP, "lib/x": "1"}, 0o755)
    without = function(aws, archive({"data": "x"}), Layers=[runtime])
    with_own = function(aws, archive({"bootstrap": BOOTSTRAP}, 0o755), Layers=[runtime])

    assert invoke(aws, without, 1)[0]["path"] == "/opt/bootstrap"
    assert invoke(aws, with_own, 1)[0]["path"] == "/var/task/bootstrap"


def test_what_it_prints_after_its_answer_is_in_the_log_of_the_same_invocation(aws: Running, served: str) -> None:
    assert "a line after the answer" in invoke(aws, served, "late")[2]
    assert "a line after the answer" not in invoke(aws, served, 1)[2]


def test_an_error_is_passed_on_as_it_was_posted_and_the_environment_stays(aws: Running, served: str) -> None:
    count = invoke(aws, served, 1)[0]["count"]

    answer, failed, _ = invoke(aws, served, "fail")

    assert (failed, answer) == (True, {"errorMessage": "bad", "errorType": "Input", "where": [1]})
    assert invoke(aws, served, 1)[0]["count"] == count + 2


def test_a_process_that_ends_fails_its_invocation_and_the_next_one_starts_another(aws: Running, served: str) -> None:
    answer, failed, log = invoke(aws, served, "exit")

    assert failed
    assert answer["errorType"] == "Runtime.ExitError"
    assert "a line of exit" in log
    assert invoke(aws, served, 1)[0]["count"] == 1


def test_an_error_of_the_start_is_the_invocation_s(aws: Running) -> None:
    name = function(aws, archive({"bootstrap": BOOTSTRAP}, 0o755), Environment={"Variables": {"START": "fails"}})

    answer, failed, log = invoke(aws, name, 1)

    assert (failed, answer) == (True, {"errorMessage": "no model", "errorType": "Model.Missing"})
    assert "a line of the start" in log


def test_an_invocation_ends_with_its_timeout(aws: Running) -> None:
    name = function(aws, archive({"bootstrap": BOOTSTRAP}, 0o755), Timeout=1)

    answer, failed, _ = invoke(aws, name, "sleep")

    assert failed
    assert "Task timed out after 1.00 seconds" in answer["errorMessage"]


@pytest.mark.parametrize(
    ("files", "mode", "reason"),
    [
        ({"index.py": ""}, 0o755, "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ({"bootstrap": BOOTSTRAP}, 0o644, "fork/exec /var/task/bootstrap: permission denied"),
    ],
)
def test_an_entrypoint_that_is_missing_or_not_executable_is_named(
    aws: Running, files: dict[str, str | bytes], mode: int, reason: str
) -> None:
    answer, failed, _ = invoke(aws, function(aws, archive(files, mode)), 1)

    assert failed
    assert answer["errorType"] == "Runtime.InvalidEntrypoint"
    assert reason in answer["errorMessage"]


def test_other_runtimes_are_refused(aws: Running) -> None:
    answer, failed, _ = invoke(aws, function(aws, archive({"bootstrap": BOOTSTRAP}, 0o755), Runtime="provided.al2"), 1)

    assert failed
    assert "the emulator does not support the runtime provided.al2" in answer["errorMessage"]
