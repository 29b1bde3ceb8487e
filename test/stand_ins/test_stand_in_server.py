"""The stand-in for TensorFlow Serving: what tests of the server's surroundings rely on."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from running_server import ENVIRONMENT, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="x")])
    def endless(self, x):
        return {"y": tf.while_loop(lambda y: y > 0, lambda y: [tf.maximum(y, 1)], [x])[0]}

for version, offset in ((1, 2), (2, 3)):
    model = Half(offset)
    signatures = {"serving_default": model.one, "two": model.two, "total": model.total, "endless": model.endless}
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
        "--no_such_flag_either=1",
    )
    server.until(server.answers)
    yield server
    server.stop()


def test_the_first_unknown_flag_is_printed_and_all_unknown_ones_are_ignored(server: Server) -> None:
    assert server.says("unknown argument: --no_such_flag=1\nusage:")
    assert not server.says("--no_such_flag_either")


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


def test_answers_with_numbers_that_json_does_not_have(server: Server) -> None:
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
def test_refuses_requests_that_do_not_fit(server: Server, path: str, body: str, status: int, error: str) -> None:
    answered, answer = server.request("POST", path, body)

    assert answered == status
    assert error in answer["error"]


def test_reports_state_and_signatures(server: Server) -> None:
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
def test_announces_the_end_of_a_connection(server: Server, asked: str, told: str | None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.rest_port, timeout=30)
    try:
        connection.request("GET", "/v1/models/half", headers={"connection": asked})

        assert connection.getresponse().getheader("Connection") == told
    finally:
        connection.close()


def counted(server: Server, name: str, **labels: str) -> float:
    """Return the value of one counter on the page for Prometheus, 0 where it is not there."""
    page = server.request("GET", "/metrics")[1]
    text = ",".join(f'{label}="{value}"' for label, value in labels.items())
    found = re.search(rf"^:tensorflow:serving:{name}\{{{re.escape(text)}\}} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_counts_predictions_and_status_requests_under_different_labels(server: Server) -> None:
    def counts() -> list[float]:
        latency = [
            counted(server, "request_latency_count", model_name="half", API=api, entrypoint="REST")
            for api in ("predict", "")
        ]
        return [
            *latency,
            *(
                counted(server, "request_count", model_name="half", status=status)
                for status in ("OK", "INVALID_ARGUMENT")
            ),
        ]

    before = counts()
    server.request("POST", "/v1/models/half:predict", '{"instances": [1]}')
    server.request("POST", "/v1/models/half:predict", '{"instances": ["a"]}')
    server.request("GET", "/v1/models/half")
    server.request("GET", "/v1/models/half/metadata")

    assert [now - then for then, now in zip(before, counts(), strict=True)] == [1, 2, 3, 1]
    assert ":tensorflow:serving:request_latency_bucket{" in server.request("GET", "/metrics")[1]


_CALL = """
import json, sys, grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
channel = grpc.insecure_channel(sys.argv[1])
stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)

def request(dtype=np.float32, **spec):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", "half")
    for field, value in spec.items():
        setattr(request.model_spec, field, value)
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([1, 2, 5], dtype)))
    return request

def code(call, message):
    try:
        call(message)
    except grpc.RpcError as error:
        return error.code().name

answer = stub.Predict(request())
y = answer.outputs["y"]
status = get_model_status_pb2.GetModelStatusRequest()
status.model_spec.name = "half"
state = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status).model_version_status[0]
health = channel.unary_unary("/grpc.health.v1.Health/Check")(b"")
filtered, many, extra = request(), request(), request()
filtered.output_filter.append("z")
many.output_filter.extend(["y", "y"])
extra.inputs["z"].CopyFrom(extra.inputs["x"])
metadata = get_model_metadata_pb2.GetModelMetadataRequest()
metadata.model_spec.name = "half"
strange = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["graph"])
strange.model_spec.name = "half"
good = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
good.model_spec.name = "half"
codes = {
    "unknown model": code(stub.Predict, request(name="other")),
    "no name": code(stub.Predict, request(name="")),
    "no model": code(stub.Predict, predict_pb2.PredictRequest()),
    "unknown label": code(stub.Predict, request(version_label="stable")),
    "unknown signature": code(stub.Predict, request(signature_name="none")),
    "integers": code(stub.Predict, request(np.int32)),
    "output filter": code(stub.Predict, filtered),
    "output twice": code(stub.Predict, many),
    "input": code(stub.Predict, extra),
    "no field": code(stub.GetModelMetadata, metadata),
    "unknown field": code(stub.GetModelMetadata, strange),
    "good field": code(stub.GetModelMetadata, good),
}
print(json.dumps([
    list(y.float_val), y.tensor_content.hex(), answer.model_spec.version.value, state.state, health.hex(), codes
]))
"""


def test_answers_grpc(server: Server) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _CALL, f"127.0.0.1:{server.port}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )

    *answer, codes = json.loads(result.stdout.splitlines()[-1])
    assert answer == [[2.5, 3.0, 4.5], "", 1, 30, "0801"]
    assert codes == {
        "unknown model": "NOT_FOUND",
        "no name": "INVALID_ARGUMENT",
        "no model": "INVALID_ARGUMENT",
        "unknown label": "INVALID_ARGUMENT",
        "unknown signature": "FAILED_PRECONDITION",
        "integers": "INVALID_ARGUMENT",
        "output filter": "INVALID_ARGUMENT",
        "output twice": "INVALID_ARGUMENT",
        "input": "INVALID_ARGUMENT",
        "no field": "INVALID_ARGUMENT",
        "unknown field": "INVALID_ARGUMENT",
        "good field": None,
    }
    assert counted(server, "request_latency_count", model_name="half", API="Predict", entrypoint="GRPC") == 1
    assert counted(server, "request_count", model_name="half", status="FAILED_PRECONDITION") == 1


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


def test_refuses_grpc_calls_without_a_free_thread(server: Server) -> None:
    result = subprocess.run(
        [sys.executable, "-c", _CALLS, f"127.0.0.1:{server.port}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(result.stdout.splitlines()[-1]) == ["OK", "RESOURCE_EXHAUSTED"]


def test_ports_stay_closed_until_the_version_is_loaded_and_the_next_one_takes_over(
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


def test_keeps_serving_while_the_base_path_cannot_be_listed_and_loads_a_deleted_version_again(
    versions: Path, tmp_path: Path
) -> None:
    base, away = tmp_path / "models", tmp_path / "away"
    shutil.copytree(versions / "1", base / "1")
    server = Server(tmp_path, f"--model_base_path={base}", "--model_name=half")
    try:
        server.until(server.answers)

        base.rename(away)
        server.until(lambda: server.log.read_text().count(f"cannot list {base}") > 1)
        assert server.request("GET", "/v1/models/half/metadata")[0] == 200

        (away / "1").rename(tmp_path / "version")
        away.rename(base)
        server.until(lambda: server.request("GET", "/v1/models/half/metadata")[0] == 404)
        status, state = server.request("GET", "/v1/models/half")
        assert (status, state["model_version_status"][0]["state"]) == (200, "END")

        (tmp_path / "version").rename(base / "1")
        server.until(
            lambda: (
                server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})
            )
        )
    finally:
        server.stop()


def test_a_broken_new_version_leaves_the_old_one_serving_until_it_is_replaced(versions: Path, tmp_path: Path) -> None:
    base = tmp_path / "models"
    shutil.copytree(versions / "1", base / "1")
    server = Server(tmp_path, f"--model_base_path={base}", "--model_name=half", "--max_num_load_retries=0")
    try:
        server.until(server.answers)

        (base / "2").mkdir()
        server.until(lambda: server.request("GET", "/v1/models/half/versions/2")[0] == 200)
        server.until(
            lambda: server.request("GET", "/v1/models/half/versions/2")[1]["model_version_status"][0]["state"] == "END"
        )
        shutil.copytree(versions / "2", base / "2", dirs_exist_ok=True)  # It was given up: this is not looked at.
        assert server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [3.0]})

        (base / "2").rename(tmp_path / "version")
        server.until(lambda: server.says("is no longer there: 2"))
        (tmp_path / "version").rename(base / "2")
        server.until(
            lambda: (
                server.request("POST", "/v1/models/half:predict", '{"instances": [2]}') == (200, {"predictions": [4.0]})
            )
        )
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--port=high"], "Couldn't interpret value high for flag port"),
        ([], "model_base_path"),
        (["--model_base_path=/tmp", "--batching_parameters_file=/dev/null"], "enable_batching"),
    ],
)
def test_does_not_start(tmp_path: Path, flags: list[str], error: str) -> None:
    server = Server(tmp_path, *flags)

    assert server.process.wait() == 255
    assert server.says(error)


def test_waits_for_a_bucket_that_it_cannot_read(tmp_path: Path) -> None:
    server = Server(tmp_path, "--model_base_path=s3://bucket/model")
    try:
        server.until(lambda: server.log.read_text().count("File system scheme 's3' not implemented") > 1)
        assert not server.answers()
    finally:
        server.stop()


def test_gives_up_on_a_broken_model(tmp_path: Path) -> None:
    (tmp_path / "broken" / "1").mkdir(parents=True)
    server = Server(
        tmp_path,
        f"--model_base_path={tmp_path / 'broken'}",
        "--max_num_load_retries=1",
        "--load_retry_interval_micros=1000",
    )

    assert server.process.wait() == 255
    assert server.says("Failed to start server")
    assert server.says("saved_model.pb")
    assert not server.answers()


def test_a_request_that_takes_too_long_is_ended(versions: Path, tmp_path: Path) -> None:
    server = Server(tmp_path, f"--model_base_path={versions}", "--model_name=half", "--rest_api_timeout_in_ms=500")
    try:
        server.until(server.answers)

        status, answer = server.request("POST", "/v1/models/half:predict", '{"signature_name": "endless", "inputs": 1}')

        assert status == 504
        assert "error" in answer
        assert server.request("GET", "/v1/models/half/metadata")[0] == 200
    finally:
        server.stop()


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
