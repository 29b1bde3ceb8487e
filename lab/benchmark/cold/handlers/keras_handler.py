"""Keras on TensorFlow: the model as Keras saves it."""

import os

import keras
import numpy as np

MODEL = keras.models.load_model(os.environ["KERAS_FILE"])


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer `{"data": x}`."""
    return {"prediction": MODEL.predict(np.array([event["data"]], np.float32), verbose=0).tolist()}
