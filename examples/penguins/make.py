"""Trains the example of a table with categories: which species is a penguin?

    .tools/python/bin/python examples/penguins/make.py

Reads `penguins.csv`: 342 penguins of three species, measured by Dr. Kristen Gorman at Palmer Station, Antarctica, and
released under CC0; the file is that of the package `palmerpenguins`, without two birds that nobody measured. An unknown
sex is an empty cell. Writes, beside it:

* `penguins.keras`: a `FeatureSpace`, which takes texts and numbers as they are in the file, `[batch, 1]` each, and a
  small network, to the scores of three species, `float32[batch, 3]`;
* `evaluation.csv`: half of the penguins, which the training never saw, with the column `label`;
* `species.txt`: the names of the classes.
"""

from __future__ import annotations

import csv
import os
import random
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras.utils import FeatureSpace

HERE = Path(__file__).resolve().parent
CATEGORIES = ("island", "sex")
NUMBERS = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")
SEED = 7


def read_penguins() -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the rows for training and those for evaluation."""
    with (HERE / "penguins.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    random.Random(SEED).shuffle(rows)  # noqa: S311 - a split, no secret
    return rows[: len(rows) // 2], rows[len(rows) // 2 :]


def columns_of(rows: list[dict[str, str]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return the columns, each `[rows, 1]`."""
    columns: dict[str, np.ndarray[Any, Any]] = {
        name: np.array([[row[name]] for row in rows], np.object_) for name in CATEGORIES
    }
    return columns | {name: np.array([[row[name]] for row in rows], np.float32) for name in NUMBERS}


def main() -> None:
    """Train, and write the model and its evaluation data."""
    keras.utils.set_random_seed(SEED)
    training, held_out = read_penguins()
    species = sorted({row["species"] for row in training})
    columns = columns_of(training)
    labels = np.array([species.index(row["species"]) for row in training])
    space = FeatureSpace(
        {
            **{name: FeatureSpace.string_categorical() for name in CATEGORIES},
            **{name: FeatureSpace.float_normalized() for name in NUMBERS},
        },
        output_mode="concat",
    )
    space.adapt(tf.data.Dataset.from_tensor_slices(columns).batch(32))
    hidden = keras.layers.Dense(16, activation="relu")(space.get_encoded_features())
    scores = keras.layers.Dense(len(species), activation="softmax", name="species")(hidden)
    model = keras.Model(space.get_inputs(), scores)
    model.compile(optimizer=keras.optimizers.Adam(1e-2), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    given = {name: tf.constant(values.tolist()) for name, values in columns.items()}
    model.fit(given, labels, batch_size=32, epochs=40, verbose=0)

    model.save(HERE / "penguins.keras")
    (HERE / "species.txt").write_text("\n".join(species) + "\n", encoding="utf-8")
    with (HERE / "evaluation.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*CATEGORIES, *NUMBERS, "label"])
        writer.writerows([row[name] for name in (*CATEGORIES, *NUMBERS, "species")] for row in held_out)
    asked = {name: tf.constant(values.tolist()) for name, values in columns_of(held_out).items()}
    found = np.argmax(model.predict(asked, verbose=0), axis=1)
    right = np.mean([species[number] == row["species"] for number, row in zip(found, held_out, strict=True)])
    print(f"{right:.1%} of {len(held_out)} penguins are recognized")


if __name__ == "__main__":
    main()
