from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from program import Server

COUNT = ":tensorflow:serving:request_count"
LATENCY = ":tensorflow:serving:request_latency"


def test_names_labels_and_units_are_tensorflow_servings(start: Callable[..., Server]) -> None:
    with start("times", 1) as server:
        path = "/v1/models/times:predict"
        for _ in range(3):
            assert server.post(path, {"instances": [[1, 2, 3]]}).status_code == 200
        assert server.post(path, b"{").status_code == 400
        assert server.get("/v1/models/times").status_code == 200
        assert server.get("/v1/models/nope").status_code == 404
        assert server.metric(COUNT, model_name="times", status="OK") == 4
        assert server.metric(COUNT, model_name="times", status="INVALID_ARGUMENT") == 1
        assert server.metric(COUNT) == 5, "a name that a client makes up is no label"
        assert server.metric(f"{LATENCY}_count", model_name="times", API="predict", entrypoint="REST") == 4
        assert server.metric(f"{LATENCY}_count", model_name="times", API="", entrypoint="REST") == 1
        microseconds = server.metric(f"{LATENCY}_sum", API="predict", entrypoint="REST")
        assert 4 * 1 < microseconds < 60e6
        runtime = server.metric(":tensorflow:serving:runtime_latency_sum", model_name="times", runtime="LiteRT")
        queuing = server.metric("model_server:queuing_latency_sum", model_name="times")
        assert 0 < runtime + queuing < microseconds
        assert server.metric("model_server:model_load_latency_count", model_name="times") == 1
        assert server.metric("model_server:model_load_latency_sum", model_name="times") > 0


def test_calls_over_grpc_have_labels_of_their_own(start: Callable[..., Server]) -> None:
    from tensorflow_serving.apis.predict_pb2 import PredictRequest
    from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

    with start("times", 1) as server:
        message = PredictRequest()
        message.model_spec.name, message.model_spec.signature_name = "times", "nope"
        with grpc.insecure_channel(f"localhost:{server.grpc_port}") as channel, pytest.raises(grpc.RpcError):
            PredictionServiceStub(channel).Predict(message, timeout=60)
        assert server.metric(COUNT, model_name="times", status="FAILED_PRECONDITION") == 1
        assert server.metric(f"{LATENCY}_count", model_name="times", API="Predict", entrypoint="GRPC") == 1


def test_the_path_can_be_chosen(start: Callable[..., Server]) -> None:
    with start("times", 1, "--monitoring_path=/metrics") as server:
        assert server.get("/metrics").status_code == 200
        assert server.get("/monitoring/prometheus/metrics").status_code == 404
