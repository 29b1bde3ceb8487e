"""Writes rows for the sample models of ONNX: `onnx_rows.py FILE`."""

import sys

import numpy as np

random = np.random.default_rng(1)
np.savez(sys.argv[1], image=random.standard_normal((512, 3, 12, 12)).astype(np.float32))
