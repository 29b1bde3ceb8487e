"""FastAPI with TensorFlow. `MODEL` names the SavedModel."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tensorflow as tf
from fastapi import FastAPI
from pydantic import BaseModel

# One worker a processor, as for every contender.
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)

app = FastAPI()
model = tf.saved_model.load(os.environ["MODEL"])
signature = model.signatures["serving_default"]
[given] = signature.structured_input_signature[1]
[wanted] = signature.structured_outputs


class Body(BaseModel):
    """A request of TensorFlow Serving's REST API."""

    instances: list[Any]


@app.post("/v1/models/digits:predict")  # type: ignore[untyped-decorator]  # the package has no types
async def predict(body: Body) -> dict[str, list[Any]]:
    """Compute the scores of all images."""
    scores = signature(**{given: tf.constant(np.asarray(body.instances, np.float32))})
    return {"predictions": scores[wanted].numpy().tolist()}
