"""Asks a published model about rows, and prints how often it decides as the reference in the data.

`predict_rows.py OUT DATA INPUT OUTPUT`
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

out, data, name, output = sys.argv[1:]
interpreter = Interpreter(str(Path(out) / "model" / "model.tflite"))
runner = interpreter.get_signature_runner()
with np.load(data) as arrays:
    rows, expected = arrays[name], arrays[f"reference/{output}"]
same = [
    int(runner(**{name: row[np.newaxis]})[output].argmax()) == int(answer.argmax())
    for row, answer in zip(rows, expected, strict=True)
]
shape = [int(size) for size in runner.get_input_details()[name]["shape"]]
print(json.dumps({"shape": shape, "agreement": sum(same) / len(same)}))
