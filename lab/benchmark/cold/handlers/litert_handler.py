"""LiteRT's own interpreter, from its package as pip installs it."""

import os

import numpy as np
from ai_edge_litert.interpreter import Interpreter

INTERPRETER = Interpreter(os.environ["MODEL_FILE"])
INTERPRETER.allocate_tensors()
(INPUT,) = INTERPRETER.get_input_details()
(OUTPUT,) = INTERPRETER.get_output_details()


def handler(event: dict[str, object], context: object) -> dict[str, object]:  # noqa: ARG001 - Lambda's signature
    """Answer `{"data": x}`."""
    INTERPRETER.set_tensor(INPUT["index"], np.array([event["data"]], np.float32))
    INTERPRETER.invoke()
    return {"prediction": INTERPRETER.get_tensor(OUTPUT["index"]).tolist()}
