"""Asks a service or a fleet by gRPC, which is smaller and faster than JSON for large inputs. Lambda has no gRPC.

pip install grpcio tensorflow tensorflow-serving-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_TIMEOUT_SECONDS = 60
#: Channel option for answers of any length: gRPC accepts only 4 MB by default.
_ANY_LENGTH = [("grpc.max_receive_message_length", -1)]


class GrpcModelClient:
    """A model at one address."""

    def __init__(self, address: str, model: str) -> None:
        """Connect to HOST:8500."""
        self._model = model
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address, _ANY_LENGTH))

    def predict(self, inputs: Mapping[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """Return the outputs by name; dimension 0 of inputs and outputs is the batch.

        Raises:
            grpc.RpcError: the model refuses the request, or does not answer it.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self._model
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        answer = self._stub.Predict(request, _TIMEOUT_SECONDS)
        return {name: tf.make_ndarray(value) for name, value in answer.outputs.items()}
