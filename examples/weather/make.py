"""Trains the example of a table: will it rain tomorrow, from what was measured today?

    .tools/python/bin/python examples/weather/make.py

Reads `weather.csv`: 1,461 days in Seattle, 2012 to 2015, from the Global Historical Climatology Network of NOAA, whose
data is in the public domain; the file is that of the package `vega_datasets`. Writes, beside it:

* `weather.keras`: a small network with an input for each column, `float32[batch, 1]`, to the chance of rain,
  `float32[batch, 1]`;
* `evaluation.npz`: the last 500 days, which the training never saw, with an array for each input and `labels`.
"""

from __future__ import annotations

import csv
import os
from datetime import date
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

HERE = Path(__file__).resolve().parent
COLUMNS = ("precipitation", "temp_max", "temp_min", "wind")
EVALUATION = 500
SEED = 7


def read_days() -> tuple[dict[str, np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """Return the columns of all days but the last, each `float32[days, 1]`, and whether it rained on the day after."""
    with (HERE / "weather.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = {name: np.array([[row[name]] for row in rows[:-1]], np.float32) for name in COLUMNS}
    days = [date(*map(int, row["date"].split("/"))).timetuple().tm_yday for row in rows[:-1]]
    table["day_of_year"] = np.array(days, np.float32)[:, None]
    labels = np.array([float(row["precipitation"]) > 0 for row in rows[1:]], np.int64)
    return table, labels


def build(table: dict[str, np.ndarray[Any, Any]]) -> keras.Model:
    """Return the untrained network, which normalizes the columns itself: callers send them as they were measured."""
    inputs = {name: keras.Input((1,), name=name) for name in table}
    normalized = []
    for name, values in table.items():
        normalization = layers.Normalization(name=f"normalized_{name}")
        normalization.adapt(values)
        normalized.append(normalization(inputs[name]))
    hidden = layers.Dense(32, activation="relu")(layers.Concatenate()(normalized))
    hidden = layers.Dense(32, activation="relu")(layers.Dropout(0.2)(hidden))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="rain")(hidden))


def main() -> None:
    """Train, and write the model and its evaluation data."""
    keras.utils.set_random_seed(SEED)
    table, labels = read_days()
    training = {name: values[:-EVALUATION] for name, values in table.items()}
    model = build(training)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(training, labels[:-EVALUATION], batch_size=32, epochs=30, verbose=0)
    held_out = {name: values[-EVALUATION:] for name, values in table.items()}
    loss, accuracy = model.evaluate(held_out, labels[-EVALUATION:], verbose=0)
    print(f"{accuracy:.1%} of the {EVALUATION} last days are predicted correctly (loss {loss:.3f})")
    model.save(HERE / "weather.keras")
    np.savez_compressed(HERE / "evaluation.npz", labels=labels[-EVALUATION:], **held_out)


if __name__ == "__main__":
    main()
