"""Prints what a model answers to each held-out digit, alone, by LiteRT's own interpreter: reference.py MODEL DIGITS.

The program that serves has another interface to LiteRT, and gets several digits in a request: its answers must be
the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main() -> None:
    """Print a list of ten probabilities for each digit, as JSON."""
    model, digits = map(Path, sys.argv[1:])
    runner = Interpreter(str(model), num_threads=1).get_signature_runner()
    (name,) = runner.get_input_details()
    answers = []
    for digit in json.loads(digits.read_text()):
        (answer,) = runner(**{name: np.array([digit["image"]], np.float32)}).values()
        answers.append(answer[0].tolist())
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
