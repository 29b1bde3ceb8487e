"""FastAPI with ONNX Runtime. `MODEL` names the .onnx file."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import onnxruntime
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
options = onnxruntime.SessionOptions()
# One thread a worker, as for every contender.
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
[given] = session.get_inputs()


class Body(BaseModel):
    """A request of TensorFlow Serving's REST API."""

    instances: list[Any]


@app.post("/v1/models/digits:predict")  # type: ignore[untyped-decorator]  # the package has no types
async def predict(body: Body) -> dict[str, list[Any]]:
    """Compute the scores of all images."""
    [scores] = session.run(None, {given.name: np.asarray(body.instances, np.float32)})
    return {"predictions": scores.tolist()}
