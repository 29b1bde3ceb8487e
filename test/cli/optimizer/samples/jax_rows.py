"""Writes rows for the sample function of JAX: `jax_rows.py FILE`."""

import sys

import numpy as np

np.savez(sys.argv[1], features=np.random.default_rng(1).standard_normal((512, 8)).astype(np.float32))
