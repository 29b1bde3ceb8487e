"""ONNX Runtime: the SavedModel converted by tf2onnx."""

import os

import numpy as np
import onnxruntime

SESSION = onnxruntime.InferenceSession(os.environ["ONNX_FILE"], providers=["CPUExecutionProvider"])
(INPUT,) = SESSION.get_inputs()


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer `{"data": x}`."""
    (output,) = SESSION.run(None, {INPUT.name: np.array([event["data"]], np.float32)})
    return {"prediction": output.tolist()}
