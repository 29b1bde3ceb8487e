"""The gRPC API: predict, status and health, with TensorFlow Serving's own messages."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from stand_in_server.errors import CallError
from stand_in_server.servable import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from stand_in_server.metrics import Metrics
    from stand_in_server.models import Models

_STATES = {"START": 10, "LOADING": 20, "AVAILABLE": 30, "UNLOADING": 40, "END": 50}
#: grpc.health.v1.HealthCheckResponse{status: SERVING}, which the server sets once and never takes back.
_SERVING = b"\x08\x01"


def open_grpc(models: Models, metrics: Metrics, flags: dict[str, Any]) -> Any:
    """Start the gRPC server.

    As gRPC in C++ does, it refuses calls for which there is no thread, and keeps one thread to look for calls.

    Args:
        models: what is served.
        metrics: which count calls.
        flags: of the server.

    Raises:
        OSError: the port is taken.
    """
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    port = flags["port"]
    threads = flags["grpc_max_threads"] or 4 * (os.cpu_count() or 1)
    options: list[tuple[str, int | str]] = [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", 2**31 - 1),
    ]
    for pair in filter(None, flags["grpc_channel_arguments"].split(",")):
        name, _, value = pair.partition("=")
        options.append((name, int(value) if value.isdigit() else value))
    server = grpc.server(ThreadPoolExecutor(threads), options=options, maximum_concurrent_rpcs=threads - 1)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(models, metrics), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Status(models), server)
    if flags["enable_grpc_healthcheck_service"]:
        check = grpc.unary_unary_rpc_method_handler(lambda request, context: _SERVING)
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})]
        )
    try:
        server.add_insecure_port(f"0.0.0.0:{port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on port {port}") from error
    server.start()
    return server


def _abort(context: Any, error: CallError) -> None:
    import grpc

    context.abort(grpc.StatusCode[error.code], str(error))


def _find(models: Models, request: Any) -> Any:
    if not request.HasField("model_spec"):
        raise CallError("Missing ModelSpec")
    spec = request.model_spec
    return models.find(spec.name, spec.version.value if spec.HasField("version") else None)


class _Prediction:
    def __init__(self, models: Models, metrics: Metrics) -> None:
        self._models = models
        self._metrics = metrics

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service's name
        started, status = time.perf_counter(), "OK"
        try:
            return self._predict(request)
        except CallError as error:
            status = error.code
            return _abort(context, error)
        finally:
            elapsed = 1e6 * (time.perf_counter() - started)
            self._metrics.add(request.model_spec.name, status, "Predict", "GRPC", elapsed)

    def _predict(self, request: Any) -> Any:
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        number, servable = _find(self._models, request)
        definition = servable.signature(request.model_spec.signature_name, "FAILED_PRECONDITION")
        try:
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        except (TypeError, ValueError) as error:
            raise CallError(f"tensor parsing error: {error}") from error
        response = predict_pb2.PredictResponse()
        for name, value in servable.predict(definition, inputs, request.output_filter).items():
            response.outputs[name].CopyFrom(tensor_proto(value))
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        response.model_spec.signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        return response

    def _refuse(self, request: Any, context: Any) -> None:
        import grpc

        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the stand-in server only predicts")

    Classify = Regress = MultiInference = GetModelMetadata = _refuse


class _Status:
    def __init__(self, models: Models) -> None:
        self._models = models

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        from tensorflow_serving.apis import get_model_status_pb2

        spec = request.model_spec
        try:
            if not request.HasField("model_spec"):
                raise CallError("Missing ModelSpec")
            found = self._models.states(spec.name, spec.version.value if spec.HasField("version") else None)
        except CallError as error:
            return _abort(context, error)
        response = get_model_status_pb2.GetModelStatusResponse()
        for number, state, problem in found:
            added = response.model_version_status.add(version=number, state=_STATES[state])
            added.status.error_code, added.status.error_message = (2, problem) if problem else (0, "")
        return response

    def HandleReloadConfigRequest(self, request: Any, context: Any) -> None:  # noqa: N802 - the protocol's
        import grpc

        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the stand-in server reloads only by polling")


def tensor_proto(value: Any) -> Any:
    """Return an output as the server sends it: in the field of its type, one value each."""
    import numpy as np
    import tensorflow as tf

    array = np.asarray(value)
    message = tf.make_tensor_proto(array)
    if message.tensor_content:
        message.ClearField("tensor_content")
        getattr(message, _TENSOR_FIELDS.get(array.dtype.name, "int_val")).extend(array.ravel().tolist())
    return message


#: Fields of a TensorProto, for the types that have one of their own.
_TENSOR_FIELDS = {
    "bool": "bool_val",
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
