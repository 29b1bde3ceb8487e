"""Makes another model with the inputs and outputs of the digits example: make_model.py DIRECTORY."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "digits"
SEED = 7
DIGITS = 400


def main() -> None:
    """Export a small network that has learned a few digits."""
    keras.utils.set_random_seed(SEED)
    images, labels = runpy.run_path(str(EXAMPLE / "make.py"))["load_digits"]()
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(images[:DIGITS], labels[:DIGITS], batch_size=32, epochs=10, verbose=0)
    model.export(sys.argv[1], verbose=False)


if __name__ == "__main__":
    main()
