"""The gRPC API: predict, metadata and status, with TensorFlow Serving's own messages."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from stand_in_server.models import NotFoundError
from stand_in_server.servable import CallError

if TYPE_CHECKING:
    from stand_in_server.models import Models

_STATES = {"START": 10, "LOADING": 20, "AVAILABLE": 30, "UNLOADING": 40, "END": 50}
#: grpc.health.v1.HealthCheckResponse{status: SERVING}, which the server sets once and never takes back.
_SERVING = b"\x08\x01"


def open_grpc(models: Models, flags: dict[str, Any]) -> Any:
    """Start the gRPC server on a port, on a socket of the file system, or on both; 0 and nothing leave one out.

    As gRPC in C++ does, it refuses calls for which there is no thread, and keeps one thread to look for calls.

    Args:
        models: what is served.
        flags: of the server.

    Raises:
        OSError: the port is taken, or there is nothing to listen on.
    """
    import grpc
    from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

    port, socket_path = flags["port"], flags["grpc_socket_path"]
    threads = flags["grpc_max_threads"] or 4 * (os.cpu_count() or 1)
    options: list[tuple[str, int | str]] = [("grpc.so_reuseport", 0)]
    for pair in filter(None, flags["grpc_channel_arguments"].split(",")):
        name, _, value = pair.partition("=")
        options.append((name, int(value) if value.isdigit() else value))
    server = grpc.server(ThreadPoolExecutor(threads), options=options, maximum_concurrent_rpcs=threads - 1)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(models), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Status(models), server)
    if flags["enable_grpc_healthcheck_service"]:
        check = grpc.unary_unary_rpc_method_handler(lambda request, context: _SERVING)
        server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": check})]
        )
    if not port and not socket_path:
        raise OSError("At least one of server_options.grpc_port or server_options.grpc_socket_path must be set.")
    try:
        if socket_path:
            server.add_insecure_port(f"unix:{socket_path}")
        if port and server.add_insecure_port(f"0.0.0.0:{port}") != port:
            raise OSError(f"cannot listen on port {port}")
    except RuntimeError as error:
        raise OSError(f"cannot listen on port {port} {socket_path}") from error
    server.start()
    return server


def _find(models: Models, spec: Any, context: Any) -> Any:
    import grpc

    choice = spec.WhichOneof("version_choice")
    try:
        return models.find(
            spec.name,
            spec.version.value if choice == "version" else None,
            spec.version_label if choice == "version_label" else None,
        )
    except NotFoundError as error:
        context.abort(grpc.StatusCode.NOT_FOUND, str(error))


class _Prediction:
    def __init__(self, models: Models) -> None:
        self._models = models

    def Predict(self, request: Any, context: Any) -> Any:  # noqa: N802 - the service's name
        import grpc
        import tensorflow as tf
        from tensorflow_serving.apis import predict_pb2

        number, servable = _find(self._models, request.model_spec, context)
        try:
            definition = servable.signature(request.model_spec.signature_name)
            if strange := sorted(set(request.inputs) - set(definition.inputs)):
                raise CallError(f"input tensor alias not found in signature: {', '.join(strange)}")
            outputs = servable.predict(
                definition, {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            )
        except CallError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        response = predict_pb2.PredictResponse()
        for name in request.output_filter or outputs:
            response.outputs[name].CopyFrom(tf.make_tensor_proto(outputs[name]))
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        response.model_spec.signature_name = request.model_spec.signature_name or "serving_default"
        return response

    def GetModelMetadata(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        from tensorflow_serving.apis import get_model_metadata_pb2

        number, servable = _find(self._models, request.model_spec, context)
        definitions = get_model_metadata_pb2.SignatureDefMap()
        for name, definition in servable.signatures.items():
            definitions.signature_def[name].CopyFrom(definition)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        response.metadata["signature_def"].Pack(definitions)
        return response

    def _refuse(self, request: Any, context: Any) -> None:
        import grpc

        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the stand-in server only predicts")

    Classify = Regress = MultiInference = _refuse


class _Status:
    def __init__(self, models: Models) -> None:
        self._models = models

    def GetModelStatus(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        import grpc
        from tensorflow_serving.apis import get_model_status_pb2

        spec = request.model_spec
        try:
            found = self._models.states(spec.name, spec.version.value if spec.HasField("version") else None)
        except NotFoundError as error:
            context.abort(grpc.StatusCode.NOT_FOUND, str(error))
        response = get_model_status_pb2.GetModelStatusResponse()
        for number, state, problem in found:
            one = response.model_version_status.add(version=number, state=_STATES[state])
            one.status.error_code, one.status.error_message = (2, problem) if problem else (0, "")
        return response

    def HandleReloadConfigRequest(self, request: Any, context: Any) -> None:  # noqa: N802 - the protocol's
        import grpc

        context.abort(grpc.StatusCode.UNIMPLEMENTED, "the stand-in server reloads only by polling")
