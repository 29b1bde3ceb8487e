"""The obvious first version: all of TensorFlow, and the model as saved."""

import os

import tensorflow as tf

MODEL = tf.saved_model.load(os.environ["SAVED_MODEL_DIR"])
PREDICT = MODEL.signatures["serving_default"]
(INPUT,) = PREDICT.structured_input_signature[1]


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer `{"data": x}`."""
    (output,) = PREDICT(**{INPUT: tf.constant([event["data"]], tf.float32)}).values()
    return {"prediction": output.numpy().tolist()}
