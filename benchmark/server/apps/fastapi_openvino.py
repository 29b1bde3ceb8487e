"""What users run: FastAPI with OpenVINO. `MODEL` names the SavedModel."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import openvino
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
# One thread a worker, and float32 as for every contender: on some processors OpenVINO would compute in bfloat16.
settings = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
compiled = openvino.Core().compile_model(os.environ["MODEL"], "CPU", settings)
call = compiled.create_infer_request()


class Body(BaseModel):
    """A request of TensorFlow Serving's REST API."""

    instances: list[Any]


@app.post("/v1/models/digits:predict")  # type: ignore[untyped-decorator]  # the package has no types
async def predict(body: Body) -> dict[str, list[Any]]:
    """Compute the scores of all images."""
    scores = call.infer([np.asarray(body.instances, np.float32)])
    return {"predictions": scores[0].tolist()}
