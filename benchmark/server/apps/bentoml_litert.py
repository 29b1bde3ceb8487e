"""What users run: BentoML with LiteRT's interpreter. `MODEL` names the .tflite file, `WORKERS` how many compute."""

from __future__ import annotations

import os
from typing import Any

import bentoml
import numpy as np
from ai_edge_litert.interpreter import Interpreter


@bentoml.service(workers=int(os.environ["WORKERS"]), logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Digits:
    """Answers requests of TensorFlow Serving's REST API."""

    def __init__(self) -> None:
        self._interpreter = Interpreter(model_path=os.environ["MODEL"], num_threads=1)
        self._interpreter.allocate_tensors()
        [self._given], [self._wanted] = self._interpreter.get_input_details(), self._interpreter.get_output_details()

    # Not in a thread pool: an interpreter answers one call at a time, and a change of threads would cost more.
    @bentoml.api(route="/v1/models/digits:predict")  # type: ignore[untyped-decorator]  # the package has no types
    async def predict(self, instances: list[Any]) -> dict[str, list[Any]]:
        """Compute the scores of one image."""
        self._interpreter.set_tensor(self._given["index"], np.asarray(instances, np.float32))
        self._interpreter.invoke()
        return {"predictions": self._interpreter.get_tensor(self._wanted["index"]).tolist()}
