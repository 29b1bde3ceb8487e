"""The published warm-up requests, sent to a server that serves the published models: as they stand in the file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data
from sample_jobs import Runs
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.serving import footprint
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph
from tensorflow_serving.apis import get_model_status_pb2, predict_pb2, prediction_log_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sample_models import SampleModels

pytestmark = pytest.mark.slow

STAND_INS = Path(__file__).resolve().parents[3] / "lab" / "stand_ins"
FILE = "assets.extra/tf_serving_warmup_requests"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

DENSE = {"features": dense_data(640)[0]}
TWO_INPUTS = {
    name: np.random.default_rng(seed).standard_normal((640, 3), np.float32)
    for seed, name in enumerate(("zeta", "alpha"))
}
#: Models by the name that they are served under: the original, its data, and what is done to it.
PUBLISHED: dict[str, tuple[str, dict[str, Any], str]] = {
    "frozen": ("dense", DENSE, "freeze"),
    "two-signatures": ("two_signatures", DENSE, "strip"),
    "two-inputs": ("two_inputs", TWO_INPUTS, "freeze"),
    "text": ("text", {"text": np.array(["a", "bb", "ccc"] * 200)}, "strip"),
}


@pytest.fixture(scope="module")
def published(models: SampleModels, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("published")
    runs = Runs(directory)
    found = {}
    # How much memory each takes is not asked here, and measuring it starts TensorFlow once more.
    patch = pytest.MonkeyPatch()
    patch.setattr(footprint, "with_footprint", lambda _, draft, *__: draft)
    for name, (model, data, step) in PUBLISHED.items():
        file = directory / f"{name}.npz"
        np.savez(file, **data)
        recipe = {"kind": "steps", "steps": [{"step": step}]}
        result = runs(getattr(models, model), file, model=name, format="saved_model", recipe=recipe)
        assert result.published.candidate == step
        found[name] = result.output / "model"
    patch.undo()
    return found


@pytest.fixture(scope="module")
def channel(published: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    """A server of all of them."""
    directory = tmp_path_factory.mktemp("server")
    entries = []
    for name, model in published.items():
        base = directory / name
        base.mkdir()
        (base / "1").symlink_to(model, target_is_directory=True)
        entries.append(f'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" }}')
    (directory / "models.config").write_text(f"model_config_list {{ {' '.join(entries)} }}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "stand_in_server", f"--port={port}"]
    command += [f"--model_config_file={directory / 'models.config'}"]
    environment = {**os.environ, "PYTHONPATH": str(STAND_INS), "TF_CPP_MIN_LOG_LEVEL": "2"}
    log = directory / "log"
    with log.open("w") as file, subprocess.Popen(command, env=environment, stdout=file, stderr=file) as server:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            for name in published:
                while not is_available(channel, name):
                    assert server.poll() is None, log.read_text()
                    time.sleep(0.1)
            yield channel
        server.kill()


def is_available(channel: grpc.Channel, name: str) -> bool:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = name
    parse = get_model_status_pb2.GetModelStatusResponse.FromString
    try:
        status = channel.unary_unary(STATUS, response_deserializer=parse)(request.SerializeToString(), timeout=30)
    except grpc.RpcError:
        return False
    return any(
        entry.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE for entry in status.model_version_status
    )


@pytest.fixture
def send(channel: grpc.Channel) -> Callable[[bytes], Any]:
    call = channel.unary_unary(PREDICT, response_deserializer=predict_pb2.PredictResponse.FromString)
    return lambda request: call(request, timeout=30)


def requests_of(model: Path) -> list[Any]:
    records = tf.data.TFRecordDataset(str(model / FILE)).as_numpy_iterator()
    return [prediction_log_pb2.PredictionLog.FromString(record).predict_log.request for record in records]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_record_is_answered_as_the_original_answers(
    name: str, models: SampleModels, published: dict[str, Path], send: Callable[[bytes], Any]
) -> None:
    original = getattr(models, PUBLISHED[name][0])
    runner = SavedModelRunner(original, ["serve"], read_signatures(read_meta_graph(original, ["serve"])))
    requests = requests_of(published[name])
    assert len(requests) == 10
    for request in requests:
        answer = send(request.SerializeToString())
        assert (answer.model_spec.name, answer.model_spec.version.value) == (name, 1)
        assert answer.model_spec.signature_name == request.model_spec.signature_name == "serving_default"
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        expected = runner.run("serving_default", inputs)
        assert set(answer.outputs) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(tf.make_ndarray(answer.outputs[key]), value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("field", "code"), [("name", "NOT_FOUND"), ("signature_name", "FAILED_PRECONDITION")])
def test_a_record_for_another_model_or_signature_would_be_refused(
    field: str, code: str, published: dict[str, Path], send: Callable[[bytes], Any]
) -> None:
    request = requests_of(published["frozen"])[0]
    setattr(request.model_spec, field, "another")
    with pytest.raises(grpc.RpcError) as caught:
        send(request.SerializeToString())
    assert caught.value.code().name == code
