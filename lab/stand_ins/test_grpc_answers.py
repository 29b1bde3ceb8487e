"""The stand-in for TensorFlow Serving by gRPC: predictions, status codes and counters."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from running_server import ENVIRONMENT

if TYPE_CHECKING:
    from running_server import Server

_EVERYTHING = """
import json, sys, grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc
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
filtered, extra = request(), request()
filtered.output_filter.append("z")
extra.inputs["z"].CopyFrom(extra.inputs["x"])
codes = {
    "unknown model": code(stub.Predict, request(name="other")),
    "no name": code(stub.Predict, request(name="")),
    "no model": code(stub.Predict, predict_pb2.PredictRequest()),
    "unknown signature": code(stub.Predict, request(signature_name="none")),
    "integers": code(stub.Predict, request(np.int32)),
    "output filter": code(stub.Predict, filtered),
    "input": code(stub.Predict, extra),
}
print(json.dumps([
    list(y.float_val), y.tensor_content.hex(), answer.model_spec.version.value, state.state, health.hex(), codes
]))
"""


def call(server: Server, program: str) -> Any:
    """Run a client of the server in a process of its own, and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", program, f"127.0.0.1:{server.port}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout.splitlines()[-1])


def test_answers_grpc(server: Server) -> None:
    *answer, codes = call(server, _EVERYTHING)

    assert answer == [[2.5, 3.0, 4.5], "", 1, 30, "0801"]
    assert codes == {
        "unknown model": "NOT_FOUND",
        "no name": "INVALID_ARGUMENT",
        "no model": "INVALID_ARGUMENT",
        "unknown signature": "FAILED_PRECONDITION",
        "integers": "INVALID_ARGUMENT",
        "output filter": "INVALID_ARGUMENT",
        "input": "INVALID_ARGUMENT",
    }
    assert server.counted("request_latency_count", model_name="half", API="Predict", entrypoint="GRPC") == 1
    assert server.counted("request_count", model_name="half", status="FAILED_PRECONDITION") == 1


_AT_ONCE = """
import json, sys, grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
request = predict_pb2.PredictRequest()
request.model_spec.name = "half"
request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.array([1, 2, 5], np.float32)))
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(sys.argv[1]))
calls = [stub.Predict.future(request) for _ in range(100)]
print(json.dumps(sorted({call.code().name for call in calls})))
"""


@pytest.mark.slow
def test_refuses_grpc_calls_without_a_free_thread(server: Server) -> None:
    assert call(server, _AT_ONCE) == ["OK", "RESOURCE_EXHAUSTED"]
