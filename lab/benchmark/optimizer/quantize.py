"""Runs one of ai-edge-quantizer's stock recipes: `quantize.py FLOAT.tflite RECIPE OUT.tflite SAMPLES.npy`.

Runs in its own Python environment, see environment.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from ai_edge_quantizer import quantizer, recipe


def main(model: str, name: str, out: str, samples: str) -> None:
    """Quantize, with calibration if the recipe needs it."""
    work = quantizer.Quantizer(Path(model), getattr(recipe, name)())
    calibration = None
    if work.need_calibration:
        rows = np.load(samples)
        calibration = work.calibrate({"serving_default": [{"image": row[None]} for row in rows]})
    Path(out).write_bytes(work.quantize(calibration).quantized_model)


if __name__ == "__main__":
    main(*sys.argv[1:])
