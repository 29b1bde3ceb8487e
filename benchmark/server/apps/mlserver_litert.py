"""What users run: MLServer with LiteRT's interpreter. The model's settings name the .tflite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ai_edge_litert.interpreter import Interpreter
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse

if TYPE_CHECKING:
    from mlserver.types import InferenceRequest


class Digits(MLModel):  # type: ignore[misc]  # the package has no types
    """Answers requests of the Open Inference Protocol."""

    async def load(self) -> bool:
        """Load the model, once a worker."""
        self._interpreter = Interpreter(model_path=self.settings.parameters.uri, num_threads=1)
        self._interpreter.allocate_tensors()
        [self._given], [self._wanted] = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Compute the scores of one image."""
        self._interpreter.set_tensor(self._given["index"], NumpyCodec.decode_input(payload.inputs[0]))
        self._interpreter.invoke()
        scores = self._interpreter.get_tensor(self._wanted["index"])
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("scores", scores)])
