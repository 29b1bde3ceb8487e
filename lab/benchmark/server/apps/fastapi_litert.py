"""FastAPI with LiteRT's interpreter, one a worker. `MODEL` names the .tflite file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
interpreter = Interpreter(model_path=os.environ["MODEL"], num_threads=1)
interpreter.allocate_tensors()
[given], [wanted] = interpreter.get_input_details(), interpreter.get_output_details()


class Body(BaseModel):
    """A request of TensorFlow Serving's REST API."""

    instances: list[Any]


# Runs without a thread pool: an interpreter answers one call at a time, and a change of threads would cost more.
@app.post("/v1/models/digits:predict")  # type: ignore[untyped-decorator]  # the package has no types
async def predict(body: Body) -> dict[str, list[Any]]:
    """Compute the scores of one image."""
    interpreter.set_tensor(given["index"], np.asarray(body.instances, np.float32))
    interpreter.invoke()
    return {"predictions": interpreter.get_tensor(wanted["index"]).tolist()}
