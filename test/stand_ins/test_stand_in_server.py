"""The stand-in for TensorFlow Serving: what tests of the server's surroundings rely on."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from embedded_aws.host.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "test" / "stand_ins"), "TF_CPP_MIN_LOG_LEVEL": "2"}

_MAKE_MODELS = """
import sys, tensorflow as tf

class Half(tf.Module):
    def __init__(self, offset):
        super().__init__()
        self.half, self.offset = tf.Variable(0.5), tf.Variable(float(offset))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def one(self, x):
        return {"y": x * self.half + self.offset}

    @tf.function(
        input_signature=[tf.TensorSpec([None], tf.string, name="image"), tf.TensorSpec([None], tf.int32, name="n")]
    )
    def two(self, image, n):
        return {"image_bytes": image, "length": tf.strings.length(image) + n}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def total(self, x):
        return {"sum": tf.reduce_sum(x)}

for version, offset in ((1, 2), (2, 3)):
    model = Half(offset)
    signatures = {"serving_default": model.one, "two": model.two, "total": model.total}
    tf.saved_model.save(model, f"{sys.argv[1]}/{version}", signatures=signatures)
"""


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 (x/2 + 2) and 2 (x/2 + 3) of a model."""
    directory = tmp_path_factory.mktemp("versions")
    subprocess.run(
        [sys.executable, "-c", _MAKE_MODELS, str(directory)], check=True, env=ENVIRONMENT, capture_output=True
    )
    return directory


class Server:
    """A started stand-in server."""

    def __init__(self, directory: Path, *flags: str, prefix: tuple[str, ...] = ()) -> None:
        self.port, self.rest_port = free_port(), free_port()
        self.log = directory / "server.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *prefix,
                    sys.executable,
                    "-m",
                    "stand_in_server",
                    f"--port={self.port}",
                    f"--rest_api_port={self.rest_port}",
                    *flags,
                ],
                env=ENVIRONMENT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.rest_port, timeout=30)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            content = response.read().decode()
            return response.status, json.loads(
                content
            ) if response.headers.get_content_type() == "application/json" else content
        finally:
            connection.close()

    def answers(self) -> bool:
        if not self.says("Exporting HTTP/REST API at"):
            return False  # Whoever answers at the port, it is another process, which got it meanwhile.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.rest_port), 1):
            return True
        return False

    def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)

    def says(self, text: str) -> bool:
        return text in self.log.read_text()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def configure(file: Path, base_path: Path, version: int) -> Path:
    text = (
        f'model_config_list {{ config {{ name: "half" base_path: "{base_path}" model_platform: "tensorflow" '
        f"model_version_policy {{ specific {{ versions: {version} }} }} }} }}\n"
    )
    (file.parent / "next").write_text(text)
    (file.parent / "next").rename(file)
    return file


@pytest.fixture(scope="module")
def server(versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    monitoring = directory / "monitoring.config"
    monitoring.write_text('prometheus_config { enable: true path: "/metrics" }')
    server = Server(
        directory,
        f"--model_config_file={configure(directory / 'models.config', versions, 1)}",
        f"--monitoring_config_file={monitoring}",
        "--enable_grpc_healthcheck_service",
        "--grpc_max_threads=3",
        "--no_such_flag=1",
    )
    server.until(server.answers)
    yield server
    server.stop()


def test_unknown_flag_is_printed_and_ignored(server: Server) -> None:
    assert server.says("unknown argument: --no_such_flag=1")


def test_predicts_rows_and_columns(server: Server) -> None:
    assert server.request("POST", "/v1/models/half:predict", '{"instances": [1, 2, 5]}') == (
        200,
        {"predictions": [2.5, 3.0, 4.5]},
    )
    assert server.request("POST", "/v1/models/half/versions/1:predict", '{"inputs": [1.0]}') == (
        200,
        {"outputs": [2.5]},
    )
    assert server.request("POST", "/v1/models/half:predict", '{"instances": [{"x": 4}]}') == (
        200,
        {"predictions": [4.0]},
    )


def test_predicts_bytes_and_several_outputs(server: Server) -> None:
    image = {"b64": base64.b64encode(b"\xff\x00").decode()}
    row = {"image": image, "n": 1}

    status, answer = server.request(
        "POST", "/v1/models/half:predict", json.dumps({"signature_name": "two", "instances": [row]})
    )

    assert (status, answer) == (200, {"predictions": [{"image_bytes": image, "length": 3}]})


def test_answers_words_that_json_does_not_have(server: Server) -> None:
    status, answer = server.request("POST", "/v1/models/half:predict", '{"instances": [Infinity, NaN]}')

    assert status == 200
    assert answer["predictions"][0] == float("inf")
    assert np.isnan(answer["predictions"][1])


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v1/models/half:predict", "{", 400, "JSON Parse error"),
        ("/v1/models/half:predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
        ("/v1/models/half:predict", '{"instances": ["a"]}', 400, "x"),
        ("/v1/models/half:predict", '{"instances": [{"z": 1}]}', 400, "z"),
        ("/v1/models/half:predict", '{"signature_name": "none", "instances": [1]}', 400, '"none"'),
        ("/v1/models/half:predict", '{"signature_name": "total", "instances": [1]}', 400, "batch"),
        ("/v1/models/half:predict", '{"signature_name": "two", "instances": [{"image": "a", "n": 1.5}]}', 400, "int32"),
        ("/v1/models/other:predict", '{"instances": [1]}', 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/half/versions/2:predict", '{"instances": [1]}', 404, "Specific(half, 2)"),
        ("/v1/models/half:explain", '{"instances": [1]}', 400, "Malformed request"),
    ],
)
def test_refuses_what_does_not_fit(server: Server, path: str, body: str, status: int, error: str) -> None:
    answered, answer = server.request("POST", path, body)

    assert answered == status
    assert error in answer["error"]


def test_tells_state_and_signatures(server: Server) -> None:
    status, state = server.request("GET", "/v1/models/half")
    assert (status, state["model_version_status"]) == (
        200,
        [{"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}],
    )
    status, metadata = server.request("GET", "/v1/models/half/metadata")
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert status == 200
    assert metadata["model_spec"] == {"name": "half", "signature_name": "", "version": "1"}
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"
    assert signature["inputs"]["x"]["tensor_shape"] == {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False}
    assert server.request("GET", "/v1/models/other/metadata")[0] == 404


@pytest.mark.parametrize(("asked", "told"), [("close", "close"), ("keep-alive", None)])
def test_says_when_it_ends_the_connection(server: Server, asked: str, told: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    try:
        connection.request("GET", "/v1/models/half", headers={"connection": asked})

        assert connection.getresponse().getheader("Connection") == told
    finally:
        connection.close()


def test_counts_requests(server: Server) -> None:
    server.request("POST", "/v1/models/half:predict", '{"instances": [1]}')

    status, page = server.request("GET", "/metrics")

    assert status == 200
    assert ':tensorflow:serving:request_count{model_name="half",status="OK"}' in page
    assert ":tensorflow:serving:request_latency_bucket{" in page


_CALL = """
import json, sys, grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
channel = grpc.insecure_channel(sys.argv[1])
request = predict_pb2.PredictRequest()
request.model_spec.name = "half"
request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([1, 2, 5], np.float32)))
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
answer = stub.Predict(request)
status = get_model_status_pb2.GetModelStatusRequest()
status.model_spec.name = "half"
state = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status).model_version_status[0]
health = channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
request.model_spec.name = "other"
try:
    stub.Predict(request)
except grpc.RpcError as error:
    code = error.code().name
y = tf.make_ndarray(answer.outputs["y"]).tolist()
print(json.dumps([y, answer.model_spec.version.value, state.state, health.hex(), code]))
"""


def test_answers_grpc(server: Server) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _CALL, f"127.0.0.1:{server.port}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(result.stdout.splitlines()[-1]) == [[2.5, 3.0, 4.5], 1, 30, "0801", "NOT_FOUND"]


_CALLS = """
import json, sys, grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
request = predict_pb2.PredictRequest()
request.model_spec.name = "half"
request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([1, 2, 5], np.float32)))
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(sys.argv[1]))
calls = [stub.Predict.future(request) for _ in range(100)]
print(json.dumps(sorted({call.code().name for call in calls})))
"""


def test_refuses_grpc_calls_for_which_it_has_no_thread(server: Server) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _CALLS, f"127.0.0.1:{server.port}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(result.stdout.splitlines()[-1]) == ["OK", "RESOURCE_EXHAUSTED"]


def test_ports_stay_closed_until_the_version_is_there_and_the_next_one_takes_over(
    versions: Path, tmp_path: Path
) -> None:
    base, config = tmp_path / "models", tmp_path / "models.config"
    base.mkdir()
    server = Server(
        tmp_path, f"--model_config_file={configure(config, base, 1)}", "--model_config_file_poll_wait_seconds=1"
    )
    try:
        server.until(lambda: server.says("was not found in the file system"))
        assert not server.answers()

        (base / "1").symlink_to(versions / "1")
        (base / "2").symlink_to(versions / "2")
        server.until(server.answers)
        assert server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})

        config.write_text("model_config_list {")
        server.until(lambda: server.says("the new configuration is not used"))
        configure(config, base, 2)
        answers = []

        def moved() -> bool:
            answers.append(server.request("POST", "/v1/models/half:predict", '{"instances": [2]}'))
            return answers[-1] == (200, {"predictions": [4.0]})

        server.until(moved)
        assert {status for status, _ in answers} == {200}

        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait() == -signal.SIGTERM
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--port=high"], "Couldn't interpret value high for flag port"),
        ([], "model_base_path"),
        (["--model_base_path=s3://bucket/model"], "File system scheme 's3' not implemented"),
        (["--model_base_path=/tmp", "--batching_parameters_file=/dev/null"], "enable_batching"),
    ],
)
def test_does_not_start(tmp_path: Path, flags: list[str], error: str) -> None:
    server = Server(tmp_path, *flags)

    assert server.process.wait() != 0
    assert server.says(error)


def test_gives_up_on_a_broken_model(tmp_path: Path) -> None:
    (tmp_path / "broken" / "1").mkdir(parents=True)
    server = Server(
        tmp_path,
        f"--model_base_path={tmp_path / 'broken'}",
        "--max_num_load_retries=1",
        "--load_retry_interval_micros=1000",
    )

    assert server.process.wait() == 1
    assert server.says("saved_model.pb")
    assert not server.answers()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a process namespace")
def test_sigterm_does_nothing_to_the_first_process_of_a_namespace(versions: Path, tmp_path: Path) -> None:
    server = Server(
        tmp_path,
        f"--model_base_path={versions}",
        "--model_name=half",
        prefix=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
    )
    try:
        server.until(server.answers)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        assert server.request("GET", "/v1/models/half/metadata")[0] == 200
    finally:
        server.stop()
