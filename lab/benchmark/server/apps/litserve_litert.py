"""LitServe with LiteRT's interpreter. Arguments: the .tflite file, the port, the number of workers."""

# LitServe reads the annotations themselves, so they must not be deferred.
import sys
from typing import Any

import litserve
import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Digits(litserve.LitAPI):  # type: ignore[misc]  # the package has no types
    """Answers requests of TensorFlow Serving's REST API."""

    def __init__(self, model: str) -> None:
        super().__init__(api_path="/v1/models/digits:predict")
        self._model = model

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe passes it
        """Load the model, once a worker."""
        self._interpreter = Interpreter(model_path=self._model, num_threads=1)
        self._interpreter.allocate_tensors()
        [self._given], [self._wanted] = self._interpreter.get_input_details(), self._interpreter.get_output_details()

    def decode_request(self, request: dict[str, Any]) -> Any:
        """Return the image as an array."""
        return np.asarray(request["instances"], np.float32)

    def predict(self, image: Any) -> Any:
        """Compute the scores of one image."""
        self._interpreter.set_tensor(self._given["index"], image)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._wanted["index"])

    def encode_response(self, scores: Any) -> dict[str, list[Any]]:
        """Return the answer's body."""
        return {"predictions": scores.tolist()}


if __name__ == "__main__":
    model, port, workers = sys.argv[1:]
    server = litserve.LitServer(Digits(model), accelerator="cpu", workers_per_device=int(workers))
    server.run(
        host="127.0.0.1", port=int(port), num_api_servers=int(workers), log_level="warning", generate_client_file=False
    )
