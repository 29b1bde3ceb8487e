"""TensorFlow Serving's own Python client against the server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from server_models import PASSED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from program import Server


@pytest.fixture(scope="module")
def channel(all_models: Server) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"localhost:{all_models.grpc_port}") as channel:
        yield channel


@pytest.fixture(scope="module")
def prediction(channel: grpc.Channel) -> Any:
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    return PredictionServiceStub(channel)


def request(model: str, signature: str = "", version: int | None = None, label: str = "", **inputs: Any) -> Any:
    import tensorflow as tf
    from tensorflow_serving.apis.predict_pb2 import PredictRequest

    message = PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = model, signature
    if version is not None:
        message.model_spec.version.value = version
    if label:
        message.model_spec.version_label = label
    for name, value in inputs.items():
        message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return message


def code(prediction: Any, message: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(message, timeout=60)
    assert caught.value.details()
    return caught.value.code()


ROWS = np.array([[1, 2, 3], [4, 5, 6.5]], "float32")


def test_predicts_and_answers_in_the_field_of_the_type(prediction: Any) -> None:
    response = prediction.Predict(request("times", x=ROWS), timeout=60)
    output = response.outputs["y"]
    assert (list(output.float_val), output.tensor_content) == ((ROWS * 3).ravel().tolist(), b"")
    assert [dimension.size for dimension in output.tensor_shape.dim] == [2, 3]
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("times", 2, "serving_default")


def test_takes_values_in_the_field_of_the_type_as_well(prediction: Any) -> None:
    message = request("times", x=ROWS)
    assert message.inputs["x"].tensor_content
    message.inputs["x"].tensor_content = b""
    message.inputs["x"].float_val.extend(ROWS.ravel().tolist())
    assert list(prediction.Predict(message, timeout=60).outputs["y"].float_val) == (ROWS * 3).ravel().tolist()


def test_a_value_that_is_given_once_is_repeated(prediction: Any) -> None:
    message = request("times", x=ROWS)
    message.inputs["x"].tensor_content = b""
    message.inputs["x"].float_val.append(2)
    assert list(prediction.Predict(message, timeout=60).outputs["y"].float_val) == [6.0] * 6


@pytest.mark.parametrize(
    ("choice", "factor"), [({"version": 1}, 2.0), ({"label": "stable"}, 2.0), ({"label": "canary"}, 3.0)]
)
def test_a_version_is_chosen_by_number_or_label(prediction: Any, choice: dict[str, Any], factor: float) -> None:
    response = prediction.Predict(request("times", x=ROWS, **choice), timeout=60)
    assert list(response.outputs["y"].float_val) == (ROWS * factor).ravel().tolist()


def test_every_type_comes_back_unchanged(prediction: Any) -> None:
    import tensorflow as tf

    values: dict[str, Any] = {name: np.array([[1, 0], [0, 1]], name) for name in PASSED}
    for name in ("int8", "int16", "int32", "int64"):
        values[name][0] = [np.iinfo(name).min, np.iinfo(name).max]
    for name in ("float16", "float32", "float64"):
        values[name][0] = [0.1, -np.inf]
    outputs = prediction.Predict(request("passing", **values), timeout=60).outputs
    for name, value in values.items():
        output = tf.make_ndarray(outputs[f"{name}_out"])
        assert output.dtype == value.dtype
        assert output.tolist() == value.tolist(), name


def test_real_values_of_a_quantized_model(prediction: Any, models: Path) -> None:
    rows = np.random.default_rng(1).uniform(-1, 1, (5, 8)).astype("float32")
    scores = prediction.Predict(request("int8", x=rows), timeout=60).outputs["scores"]
    expected = rows @ np.load(models / "int8" / "weights.npy")
    assert np.allclose(np.reshape(scores.float_val, (5, 4)), expected, atol=0.15)
    assert code(prediction, request("int8", x=np.full((1, 8), np.nan, "float32"))) == grpc.StatusCode.INVALID_ARGUMENT


def test_only_the_outputs_of_the_filter(prediction: Any) -> None:
    message = request("times", "total", x=ROWS)
    message.output_filter.append("sum")
    assert list(prediction.Predict(message, timeout=60).outputs) == ["sum"]
    message.output_filter.append("nope")
    assert code(prediction, message) == grpc.StatusCode.INVALID_ARGUMENT


def test_what_a_client_is_told_is_short_and_printable(prediction: Any) -> None:
    name, shape = request("times", f"{'a' * 500}", x=ROWS), request("times", x=ROWS)
    control = request("times", "a\n\x1b[2J", x=ROWS)
    shape.inputs["x"].tensor_shape.ClearField("dim")
    for _ in range(5000):
        shape.inputs["x"].tensor_shape.dim.add(size=-(2**63))
    for message in (name, control, shape):
        with pytest.raises(grpc.RpcError) as caught:
            prediction.Predict(message, timeout=60)
        told = caught.value.details()
        assert told.isprintable()
        assert len(told) < 300
    assert "a shape of 5000 dimensions" in told


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (lambda: request("", x=ROWS), "INVALID_ARGUMENT"),
        (lambda: request("nope", x=ROWS), "NOT_FOUND"),
        (lambda: request("times", version=9, x=ROWS), "NOT_FOUND"),
        (lambda: request("times", version=-1, x=ROWS), "NOT_FOUND"),
        (lambda: request("times", label="nope", x=ROWS), "INVALID_ARGUMENT"),
        (lambda: request("times", "nope", x=ROWS), "FAILED_PRECONDITION"),
        (lambda: request("times"), "INVALID_ARGUMENT"),
        (lambda: request("times", z=ROWS), "INVALID_ARGUMENT"),
        (lambda: request("times", x=ROWS, z=ROWS), "INVALID_ARGUMENT"),
        (lambda: request("times", x=ROWS.astype("int32")), "INVALID_ARGUMENT"),
        (lambda: request("times", x=ROWS[:, :2]), "INVALID_ARGUMENT"),
        (lambda: request("times", x=ROWS[:0]), "INVALID_ARGUMENT"),
        (lambda: request("times", x=np.float32(1)), "INVALID_ARGUMENT"),
        (lambda: request("lookup", ids=np.array([99], "int32")), "INVALID_ARGUMENT"),
    ],
)
def test_a_wrong_request_has_the_code_of_tensorflow_serving(prediction: Any, message: Any, expected: str) -> None:
    assert code(prediction, message()) == getattr(grpc.StatusCode, expected)


def test_a_shape_that_is_larger_than_its_values_does_not_fill_the_memory(prediction: Any) -> None:
    message = request("times", x=ROWS)
    message.inputs["x"].tensor_content = b""
    message.inputs["x"].float_val.append(2)
    message.inputs["x"].tensor_shape.dim[0].size = 1 << 40
    assert code(prediction, message) == grpc.StatusCode.INVALID_ARGUMENT


def test_metadata(prediction: Any) -> None:
    from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap

    message = GetModelMetadataRequest(metadata_field=["signature_def"])
    message.model_spec.name = "times"
    response = prediction.GetModelMetadata(message, timeout=60)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"serving_default", "total"}
    info = signatures.signature_def["serving_default"].inputs["x"]
    assert (info.dtype, [dimension.size for dimension in info.tensor_shape.dim]) == (1, [-1, 3])
    for fields in ([], ["nope"]):
        del message.metadata_field[:]
        message.metadata_field.extend(fields)
        with pytest.raises(grpc.RpcError) as caught:
            prediction.GetModelMetadata(message, timeout=60)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_status(channel: grpc.Channel) -> None:
    from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
    from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub

    message = GetModelStatusRequest()
    message.model_spec.name = "times"
    statuses = ModelServiceStub(channel).GetModelStatus(message, timeout=60).model_version_status
    assert [(status.version, status.state, status.status.error_code) for status in statuses] == [(2, 30, 0), (1, 30, 0)]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("tensorflow.serving.PredictionService/Classify", "Classify: not offered; .* call Predict"),
        ("tensorflow.serving.PredictionService/Explain", "'Explain': not offered; .* has Predict and GetModelMetadata"),
        ("tensorflow.serving.ModelService/HandleReloadConfigRequest", "reloading: not offered; "),
        ("grpc.health.v1.Health/Reset", "'Reset': not offered; .* has Check, List and Watch"),
        ("nope.Service/Method", r"unknown service 'nope\.Service'; this server has .*grpc\.health\.v1\.Health"),
    ],
)
def test_unsupported_calls_are_unimplemented_with_a_sentence(channel: grpc.Channel, path: str, sentence: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.unary_unary(f"/{path}")(b"", timeout=60)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert re.match(sentence, caught.value.details())


def test_health_lists_every_service_and_has_no_other(channel: grpc.Channel) -> None:
    def ask(method: str, service: str = "") -> bytes:
        # A HealthCheckRequest, whose field 1 is the name.
        message = b"\x0a" + bytes([len(service)]) + service.encode() if service else b""
        answer: bytes = channel.unary_unary(f"/grpc.health.v1.Health/{method}")(message, timeout=60)
        return answer

    services = [
        "ModelService",
        "PredictionService",
        "inference.GRPCInferenceService",
        "tensorflow.serving.ModelService",
        "tensorflow.serving.PredictionService",
    ]
    serving = b"\x08\x01"
    assert [ask("Check", name) for name in ["", *services]] == [serving] * 6
    listed = ask("List")
    assert all(b"\x0a" + bytes([len(name)]) + name.encode() + b"\x12\x02" + serving in listed for name in services)
    assert listed.count(serving) == 6
    with pytest.raises(grpc.RpcError) as caught:
        ask("Check", "nope")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    assert "List has the names of all" in caught.value.details()


def test_who_watches_the_health_of_an_unknown_service_hears_that_it_is_unknown(channel: grpc.Channel) -> None:
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")(b"\x0a\x04nope", timeout=60)
    assert next(watch) == b"\x08\x03"
    watch.cancel()


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_messages_that_the_client_compresses(prediction: Any, compression: grpc.Compression) -> None:
    rows = np.tile(ROWS, (500, 1))
    response = prediction.Predict(request("times", x=rows), timeout=60, compression=compression)
    assert list(response.outputs["y"].float_val) == (rows * 3).ravel().tolist()
    # 12 MB of zeros are some kilobytes.
    message = request("times", x=np.zeros((1_000_000, 3), "float32"))
    with pytest.raises(grpc.RpcError) as caught:
        prediction.Predict(message, timeout=60, compression=compression)
    assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE
    assert "unzips to more than 100 times its size" in caught.value.details()


def test_a_message_that_cannot_be_decoded_is_counted(channel: grpc.Channel, all_models: Server) -> None:
    before = all_models.metric("model_server:undecodable_messages")
    predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

    with pytest.raises(grpc.RpcError) as caught:
        predict(b"\xff\xff\xff", timeout=60)

    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert all_models.metric("model_server:undecodable_messages") == before + 1
