"""Lambda: the environment of a function, and the version that answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from embedded_aws.host.pythons import all_pythons
from running import ROOT, SOURCE, Running, started
from support import archive, function, invoke, layer, role, unique, wait_until_updated

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK = """
import os, sys
from pathlib import Path

def handler(event, context):
    written = []
    for place in event["write"]:
        try:
            Path(place).write_text("x")
            written.append(place)
        except OSError:
            pass
    return {
        "files": {name: Path(name).read_text() for name in event["read"]},
        "written": written,
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "python": list(sys.version_info[:2]),
        "user": os.getuid(),
        "path": sys.path,
    }
"""


@pytest.fixture(scope="module")
def as_ordinary_user() -> Iterator[Running]:
    """The embedded AWS of a user without any privilege, on a Python that this user may execute."""
    become = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become another user; whoever runs this as an ordinary user tests it anyway")
    candidates = ["/usr/bin/python3", *(str(found.executable) for found in reversed(all_pythons()))]
    recent = "import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))"
    usable = (
        candidate
        for candidate in candidates
        if subprocess.run([*become, candidate, "-I", "-c", recent], check=False).returncode == 0
    )
    python = next(usable, None)
    if python is None:
        pytest.skip(f"another user may execute none of {', '.join(candidates)}, or all are too old")
    interpreter = (*become, python)
    home = Path(tempfile.mkdtemp(prefix="embedded-aws-user-"))
    packages = next((ROOT / ".tools" / "emulator" / "lib").glob("python3.*/site-packages"))
    os.chown(home, 65534, 65534)
    try:
        paths = f"{SOURCE}{os.pathsep}{packages}"
        with started(home, interpreter=interpreter, HOME=str(home), PYTHONPATH=paths, PYENV_ROOT=str(home)) as aws:
            yield aws
    finally:
        shutil.rmtree(home)


@pytest.mark.parametrize("user", ["aws", pytest.param("as_ordinary_user", marks=pytest.mark.slow)])
def test_layers_are_at_opt_and_code_at_var_task_and_only_tmp_is_writable(
    user: str, request: pytest.FixtureRequest
) -> None:
    aws = request.getfixturevalue(user)
    layers = [layer(aws, {"both.txt": "first", "ml/first.txt": "1"}), layer(aws, {"both.txt": "second"})]
    name = function(aws, LOOK, Layers=layers)
    # A name that nothing else on this machine uses.
    written = f"/tmp/{uuid.uuid4()}"
    event = {
        "read": ["/opt/both.txt", "/opt/ml/first.txt"],
        "write": ["/opt/x", "/var/task/x", "/var/x", str(Path.home() / "x"), written],
    }
    seen, failed = invoke(aws, name, event)
    assert not failed, seen
    assert seen["files"] == {"/opt/both.txt": "second", "/opt/ml/first.txt": "1"}
    assert seen["written"] == [written]
    assert seen["directory"] == "/var/task"
    assert not Path(written).exists()
    if user == "as_ordinary_user":
        assert seen["user"] == 65534


def test_the_environment_is_lambdas_and_nothing_of_this_machine_leaks_in(aws: Running) -> None:
    name = function(aws, LOOK, Environment={"Variables": {"OWN": "mine", "AWS_REGION": "nowhere"}})
    seen, _ = invoke(aws, name, {"read": [], "write": []})
    variables = seen["environment"]
    assert variables["OWN"] == "mine"
    assert variables["LAMBDA_TASK_ROOT"] == "/var/task"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert variables["AWS_LAMBDA_FUNCTION_VERSION"] == "$LATEST"
    assert variables["AWS_REGION"] == "us-east-1", "a reserved variable wins"
    assert variables["_HANDLER"] == "index.handler"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert "HOME" not in variables
    assert "VIRTUAL_ENV" not in variables
    assert seen["path"][0] == "/var/task"


def test_a_function_on_arm64_finds_no_processors_in_sys(aws: Running) -> None:
    source = "import os\ndef handler(*_):\n    return os.listdir('/sys/devices/system/cpu')"
    arm64 = function(aws, source, Architectures=["arm64"])
    assert invoke(aws, arm64) == ([], False)
    found, _ = invoke(aws, function(aws, source))
    assert "present" in found


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
def test_a_function_runs_on_its_own_python_if_the_host_has_it(aws: Running, minor: str) -> None:
    from embedded_aws.host.pythons import find_python

    if find_python(minor) is None:
        pytest.skip(f"this host has no Python {minor}")
    name = function(aws, LOOK, Runtime=f"python{minor}")
    seen, _ = invoke(aws, name, {"read": [], "write": []})
    assert seen["python"] == [int(part) for part in minor.split(".")]


def test_the_python_runtime_carries_boto3_and_reaches_the_embedded_aws(aws: Running) -> None:
    source = "import boto3\ndef handler(e, c): return boto3.client('sts').get_caller_identity()['Account']"
    assert invoke(aws, function(aws, source)) == ("123456789012", False)


def test_a_node_function_sees_its_layers_and_the_real_sdk(aws: Running) -> None:
    source = """
const { S3Client, ListBucketsCommand } = require('@aws-sdk/client-s3');
exports.handler = async (event) => {
  const answer = await new S3Client({}).send(new ListBucketsCommand({}));
  return { layer: require('fs').readFileSync('/opt/x.txt', 'utf8'), buckets: Array.isArray(answer.Buckets), event };
};
"""
    name = unique("node")
    client = aws.client("lambda")
    client.create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role=role(aws, "lambda.amazonaws.com"),
        Code={"ZipFile": archive({"index.js": source})},
        Layers=[layer(aws, {"x.txt": "here"})],
        Timeout=20,
    )
    wait_until_updated(aws, name)
    assert invoke(aws, name, {"a": 1}) == ({"layer": "here", "buckets": True, "event": {"a": 1}}, False)


def test_a_published_version_keeps_its_code_layers_and_variables(aws: Running) -> None:
    source = """
import os
from pathlib import Path
def handler(event, context):
    return ["%s", Path("/opt/m.txt").read_text(), os.environ["V"], context.function_version]
"""
    client = aws.client("lambda")
    name = function(
        aws, source % "code 1", Layers=[layer(aws, {"m.txt": "layer 1"})], Environment={"Variables": {"V": "1"}}
    )
    first = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=first)
    assert invoke(aws, name, Qualifier="live") == (["code 1", "layer 1", "1", first], False)

    client.update_function_code(FunctionName=name, ZipFile=archive({"index.py": source % "code 2"}))
    wait_until_updated(aws, name)
    client.update_function_configuration(
        FunctionName=name, Layers=[layer(aws, {"m.txt": "layer 2"})], Environment={"Variables": {"V": "2"}}
    )
    wait_until_updated(aws, name)
    assert invoke(aws, name) == (["code 2", "layer 2", "2", "$LATEST"], False)
    assert invoke(aws, name, Qualifier="live") == (["code 1", "layer 1", "1", first], False)

    second = client.publish_version(FunctionName=name)["Version"]
    client.update_alias(FunctionName=name, Name="live", FunctionVersion=second)
    assert invoke(aws, name, Qualifier="live") == (["code 2", "layer 2", "2", second], False)
    assert invoke(aws, name, Qualifier=first) == (["code 1", "layer 1", "1", first], False)


def test_a_function_changed_and_changed_back_is_not_published_again(aws: Running) -> None:
    client = aws.client("lambda")
    name = function(aws, "def handler(e, c): pass", MemorySize=256)
    first = client.publish_version(FunctionName=name, Description="the first")["Version"]
    for memory in (512, 256):
        client.update_function_configuration(FunctionName=name, MemorySize=memory)
        wait_until_updated(aws, name)
    assert client.publish_version(FunctionName=name, Description="the second")["Version"] == first


def test_a_function_recreated_under_the_same_name_gets_a_new_process(aws: Running) -> None:
    client = aws.client("lambda")
    name = function(aws, "def handler(e, c): return 'old'")
    client.publish_version(FunctionName=name)
    assert invoke(aws, name, Qualifier="1") == ("old", False)
    client.delete_function(FunctionName=name)
    function(aws, "def handler(e, c): return 'new'", FunctionName=name)
    client.publish_version(FunctionName=name)
    assert invoke(aws, name, Qualifier="1") == ("new", False)


def test_a_warm_process_is_used_again_and_concurrent_calls_get_their_own(aws: Running) -> None:
    source = """
import boto3, os, time
ssm = boto3.client("ssm")
def handler(together, context):
    path = f"/{context.function_name}/{together}"
    ssm.put_parameter(Name=f"{path}/{context.aws_request_id}", Value="here", Type="String")
    while len(ssm.get_parameters_by_path(Path=path)["Parameters"]) < together:
        time.sleep(0.05)
    return os.getpid()
"""
    name = function(aws, source, Timeout=60)
    assert invoke(aws, name, 0) == invoke(aws, name, 0)
    with ThreadPoolExecutor(3) as threads:  # none returns before all three run
        answers = list(threads.map(lambda _: invoke(aws, name, 3), range(3)))
    assert [failed for _, failed in answers] == [False] * 3
    assert len({process for process, _ in answers}) == 3


def test_a_function_that_invokes_itself_does_not_wait_for_itself(aws: Running) -> None:
    source = """
import boto3, json
def handler(event, context):
    if event == 0:
        return "end"
    answer = boto3.client("lambda").invoke(FunctionName=context.function_name, Payload=json.dumps(event - 1))
    return json.loads(answer["Payload"].read())
"""
    assert invoke(aws, function(aws, source), 2) == ("end", False)


def test_the_timeout_ends_an_invocation_and_the_next_one_starts_afresh(aws: Running) -> None:
    name = function(aws, "import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'done'", Timeout=1)
    payload, failed = invoke(aws, name, 60)
    assert failed
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    assert invoke(aws, name, 0) == ("done", False)


def test_a_function_that_holds_more_than_its_memory_is_killed(aws: Running) -> None:
    source = """
import time
def handler(event, context):
    held = bytearray(event)
    held[::4096] = b"x" * len(held[::4096])
    time.sleep(5)
    return "lived"
"""
    name = function(aws, source, MemorySize=128)
    payload, failed = invoke(aws, name, 300_000_000)
    assert failed
    assert payload == {"errorType": "Runtime.OutOfMemory", "errorMessage": "Runtime exited with error: signal: killed"}


def test_errors_have_the_form_of_aws(aws: Running) -> None:
    payload, failed = invoke(aws, function(aws, "def handler(e, c): raise KeyError('x')"))
    assert failed
    assert payload["errorType"] == "KeyError"
    assert payload["errorMessage"] == "'x'"
    assert "raise KeyError" in "".join(payload["stackTrace"])

    payload, failed = invoke(aws, function(aws, "import no_such_module"))
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"] == "Unable to import module 'index': No module named 'no_such_module'"

    payload, failed = invoke(aws, function(aws, "def another(): pass"))
    assert payload["errorType"] == "Runtime.HandlerNotFound"

    payload, failed = invoke(aws, function(aws, "def handler(e, c): return object()"))
    assert payload["errorType"] == "Runtime.MarshalError"

    payload, failed = invoke(aws, function(aws, "import os\ndef handler(e, c): os._exit(7)"))
    assert payload["errorType"] == "Runtime.ExitError"


def test_a_functions_output_is_in_its_log(aws: Running) -> None:
    source = "import logging\ndef handler(e, c):\n    print('printed')\n    logging.warning('logged')"
    name = function(aws, source)
    invoke(aws, name)
    logs = aws.client("logs")
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    events = logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=streams[0]["logStreamName"])
    text = "\n".join(event["message"] for event in events["events"])
    assert "printed" in text
    assert "logged" in text
    assert "Max Memory Used: " in text


def test_more_than_five_layers_are_refused(aws: Running) -> None:
    layers = [layer(aws, {f"{number}.txt": "x"}) for number in range(6)]
    with pytest.raises(ClientError, match="Cannot reference more than 5 layers"):
        function(aws, "def handler(e, c): pass", Layers=layers)
    name = function(aws, "def handler(e, c): pass", Layers=layers[:5])
    with pytest.raises(ClientError, match="Cannot reference more than 5 layers"):
        aws.client("lambda").update_function_configuration(FunctionName=name, Layers=layers)


def test_code_and_layers_over_262144000_bytes_are_refused(aws: Running) -> None:
    code = "def handler(e, c): pass"
    fits = layer(aws, {"zeros": bytes(262_144_000 - len(code))})
    one_more = layer(aws, {"x": "x"})
    name = function(aws, code, Layers=[fits])
    with pytest.raises(ClientError, match="262144000"):
        function(aws, code, Layers=[fits, one_more])
    with pytest.raises(ClientError, match="262144000"):
        aws.client("lambda").update_function_configuration(FunctionName=name, Layers=[fits, one_more])


def test_a_payload_over_six_mebibytes_is_refused_both_ways(aws: Running) -> None:
    name = function(aws, "def handler(e, c): return 'x' * e if isinstance(e, int) else len(e)")
    assert invoke(aws, name, 6_000_000)[1] is False
    payload, failed = invoke(aws, name, 6_300_000)
    assert failed
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"
    with pytest.raises(ClientError, match="payload is too large"):
        invoke(aws, name, "x" * 6_300_000)


def test_modes_and_links_of_a_layer_survive(aws: Running) -> None:
    import io
    import stat
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        script = zipfile.ZipInfo("bin/tool")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        file.writestr(script, "#!/bin/sh\necho from the layer\n")
        link = zipfile.ZipInfo("bin/alias")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "tool")
    arn = aws.client("lambda").publish_layer_version(LayerName=unique("l"), Content={"ZipFile": data.getvalue()})
    source = (
        "import subprocess\ndef handler(e, c): return subprocess.run(['alias'], capture_output=True, text=True).stdout"
    )
    assert invoke(aws, function(aws, source, Layers=[arn["LayerVersionArn"]])) == ("from the layer\n", False)


def test_an_update_lets_a_running_invocation_finish(aws: Running) -> None:
    source = """
import boto3, time
ssm = boto3.client("ssm")
def handler(event, context):
    ssm.put_parameter(Name=f"/started/{event}", Value="yes", Type="String")
    while not ssm.get_parameters(Names=[f"/go/{event}"])["Parameters"]:
        time.sleep(0.05)
    return "old"
"""
    name = function(aws, source)
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(invoke, aws, name, name)
        ssm = aws.client("ssm")
        while not ssm.get_parameters(Names=[f"/started/{name}"])["Parameters"]:
            time.sleep(0.05)
        aws.client("lambda").update_function_code(
            FunctionName=name, ZipFile=archive({"index.py": "def handler(e, c): return 'new'"})
        )
        wait_until_updated(aws, name)
        assert invoke(aws, name) == ("new", False)
        ssm.put_parameter(Name=f"/go/{name}", Value="yes", Type="String")
        assert running.result() == ("old", False)


def test_a_version_of_other_code_than_expected_is_not_published(aws: Running) -> None:
    client, name = aws.client("lambda"), function(aws, "def handler(e, c): return 'mine'")

    with pytest.raises(ClientError, match=r"CodeSHA256 \(other\) is different from current CodeSHA256 in \$LATEST"):
        client.publish_version(FunctionName=name, CodeSha256="other")

    found = client.get_function_configuration(FunctionName=name)["CodeSha256"]
    assert client.publish_version(FunctionName=name, CodeSha256=found)["Version"] == "1"
