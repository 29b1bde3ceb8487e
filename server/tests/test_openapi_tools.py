"""Tools that read openapi.json: a validator, a tester with all its checks, and a generator of clients.

The requests of Schemathesis keep the rules that a schema cannot say, by `openapi/hooks.py`; test_openapi_rules.py holds
that they are rules.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from client_environment import TOOLS, locked_python
from function_url import FunctionUrl
from handler_models import convert, write
from model_server import events, load
from program import Server
from server_models import checksums
from tensorflow_optimizer.documents.manifest import ModelDescription
from tensorflow_optimizer.openapi import openapi_document, openapi_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from stand_in_runtime_api import Function

    Run = Callable[..., tuple[int, str]]

HERE = Path(__file__).parent / "openapi"
SEED = "1"
PREDICT = ":predict$"
LABELS = ["cat", "dog", "emu"]

# The environment has 100 MB, and each run asks some thousand requests.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python() -> Path:
    return locked_python("openapi", HERE / "requirements.txt")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a model whose answers are always JSON, with inputs of each kind, and golden requests."""
    import tensorflow as tf

    def spec(shape: list[int], dtype: Any, name: str) -> Any:
        return tf.TensorSpec(shape, dtype, name=name)

    def function(body: Any, *specs: Any) -> Any:
        return tf.function(body, input_signature=specs)

    weights = np.random.default_rng(7).normal(size=(4, 3)).astype("float32")

    def scores(x: Any) -> dict[str, Any]:
        return {"scores": tf.nn.softmax(tf.clip_by_value(x, -9.0, 9.0) @ weights)}

    def pair(a: Any, b: Any) -> dict[str, Any]:
        return {"p": tf.clip_by_value(a, -1.0, 1.0) + tf.cast(b, tf.float32)[:, None], "q": b}

    same = {"image": ([1, 2, 2], tf.uint8), "long": ([1], tf.int64), "flag": ([1], tf.bool), "half": ([1], tf.float16)}
    functions = {
        "serving_default": function(scores, spec([1, 4], tf.float32, "x")),
        "pair": function(pair, spec([1, 2], tf.float32, "a"), spec([1], tf.int32, "b")),
        **{name: function(lambda x: {"y": x}, spec(shape, dtype, "x")) for name, (shape, dtype) in same.items()},
    }
    scratch = tmp_path_factory.mktemp("model")
    directory = scratch / "zoo" / "1"
    directory.mkdir(parents=True)
    write(directory, convert(scratch / "saved", functions), model="zoo", version=1, labels=LABELS)
    description = ModelDescription.model_validate_json((directory / "model.json").read_bytes())
    running = load(str(directory))
    asked = {"signature_name": "serving_default", "instances": [[0.5, -1.5, 2.25, 1]]}
    event = {"rawPath": "/v1/models/zoo:predict", "requestContext": {"http": {"method": "POST"}}}
    answered = json.loads(events.answer(running, event | {"body": json.dumps(asked)})["body"])
    running.close()
    golden = {"requests": [{"request": asked, "response": answered}]}
    (directory / "openapi.json").write_text(openapi_text(openapi_document(description, golden)))
    checksums(directory)
    return directory


@pytest.fixture
def function(model: Path, start: Callable[..., Function]) -> Callable[[Any], Any]:
    """Give the native function."""
    running = start(str(model))
    return lambda event: running.invoke(event).value


@pytest.fixture
def server(model: Path, program: Path, library: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of the server, as pods and instances run it."""
    digest = hashlib.sha256(Path(library).read_bytes()).hexdigest()
    command = [str(program), f"--litert_library={library}", f"--litert_library_sha256={digest}"]
    flags = ["--model_name=zoo", f"--model_base_path={model.parent}", "--model_version=1"]
    with Server(command, tmp_path, flags) as running:
        yield running.url


@pytest.fixture
def run(python: Path, tmp_path: Path) -> Run:
    """Give `run(address)`, which returns the number of requests, and what is wrong with their answers."""

    def asked(address: str, document: Path | None = None, most: str = "60", only: str = "^/") -> tuple[int, str]:
        options = ["--checks", "all", "--seed", SEED, "--max-examples", most, "--generation-database", "none"]
        options += ["--include-path-regex", only]
        place = str(document or f"{address}/v1/models/zoo/openapi.json")
        done = subprocess.run(
            [str(python.parent / "schemathesis"), "--no-color", "run", place, "--url", address, *options],
            env={"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "PATH": ""},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"Test cases:\n\s+([\d,]+) generated", done.stdout)
        assert found, done.stdout + done.stderr
        return int(found[1].replace(",", "")), "" if done.returncode == 0 else done.stdout

    return asked


def test_the_document_is_valid_openapi(python: Path, model: Path) -> None:
    command = [str(python), "-m", "openapi_spec_validator", "--schema", "3.1", str(model / "openapi.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_found_on_the_server_of_pods_and_instances(server: str, run: Run) -> None:
    count, problems = run(server)
    assert not problems, problems
    assert count >= 1000


def test_nothing_is_found_on_the_native_function(function: Callable[[Any], Any], run: Run) -> None:
    with FunctionUrl(function) as front:
        count, problems = run(front.url)
    assert not problems, problems
    assert count >= 1000


def test_nothing_is_found_on_the_function_in_python(model: Path, run: Run) -> None:
    running = load(str(model))
    with FunctionUrl(lambda event: events.answer(running, event)) as front:
        count, problems = run(front.url)
    running.close()
    assert not problems, problems
    assert count >= 500


def without_classes(response: dict[str, Any]) -> dict[str, Any]:
    answer = json.loads(response["body"])
    answer.pop("classes", None)
    return {**response, "body": json.dumps(answer)}


def never_refusing(response: dict[str, Any]) -> dict[str, Any]:
    return {**response, "statusCode": 200} if response["statusCode"] == 400 else response


@pytest.mark.parametrize(
    ("fault", "code"), [(without_classes, "ST108"), (never_refusing, "ST201")], ids=["an answer", "a refusal"]
)
def test_a_fault_of_a_function_is_found(model: Path, run: Run, fault: Callable[[Any], Any], code: str) -> None:
    running = load(str(model))
    with FunctionUrl(lambda event: fault(events.answer(running, event))) as front:
        _, problems = run(front.url, most="5", only=PREDICT)
    running.close()
    assert code in problems, problems


def test_a_fault_of_the_document_is_found(model: Path, run: Run, tmp_path: Path) -> None:
    document = json.loads((model / "openapi.json").read_text())
    half = document["components"]["schemas"]["half.inputs.x"]
    assert half["exclusiveMaximum"] == 65520
    half["exclusiveMaximum"] = 70000
    file = tmp_path / "wrong.json"
    file.write_text(json.dumps(document))
    running = load(str(model))
    with FunctionUrl(lambda event: events.answer(running, event)) as front:
        _, problems = run(front.url, file, most="5", only=PREDICT)
    running.close()
    assert "ST202" in problems, problems


@pytest.fixture(scope="module")
def client() -> Path:
    """Give a directory with the client's source and what its lock file names."""
    source, directory = HERE / "client", TOOLS / "openapi-client"
    lock, installed = source / "package-lock.json", directory / "installed.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(source, directory)
        subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=directory, check=True, capture_output=True)
        shutil.copy(lock, installed)
    for name in ("client.ts", "tsconfig.json"):
        shutil.copy(source / name, directory / name)
    return directory


def test_a_client_of_openapi_typescript_compiles_and_predicts(client: Path, server: str, run_node: Any) -> None:
    run_node("node_modules/openapi-typescript/bin/cli.js", f"{server}/v1/models/zoo/openapi.json", "-o", "schema.d.ts")
    run_node("node_modules/typescript/bin/tsc", "-p", ".")
    found = json.loads(run_node("client.js", server))
    assert sum(found["predictions"][0]) == pytest.approx(1)
    assert found["outputs"] == found["predictions"][0]
    assert 'the string "a" stands where a list of 4 belongs' in found["error"]


@pytest.fixture
def run_node(client: Path) -> Callable[..., str]:
    """Give `run_node(program, …)`, which returns what it prints."""

    def run(*arguments: str) -> str:
        done = subprocess.run(["node", *arguments], cwd=client, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
