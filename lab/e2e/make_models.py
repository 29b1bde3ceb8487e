"""Makes the small models that the end-to-end tests deploy: make_models.py DIRECTORY.

Two classifiers of points in a square that answer differently, with labelled data and their own expected answers, one
file that only looks like a model, and the models of docs/porting.md.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits"
CLASSES = 3
SAMPLES = 600


def make(directory: Path, name: str, seed: int, epochs: int = 15, units: int = 64) -> None:
    """Write `name` (SavedModel), `name`.npz (labelled data) and `name`.json (requests with the original's answers)."""
    keras.utils.set_random_seed(seed)
    points = np.random.default_rng(seed).uniform(-1, 1, (SAMPLES, 4)).astype(np.float32)
    projection = np.random.default_rng(seed + 100).normal(size=(4, CLASSES))
    labels = (points @ projection).argmax(axis=1)
    model = keras.Sequential(
        [
            keras.Input((4,), name="point"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    model.fit(points, labels, epochs=epochs, verbose=0)
    model.export(directory / name, verbose=False)
    np.savez(directory / f"{name}.npz", point=points, labels=labels)
    asked = points[:5]
    answers = {"instances": asked.tolist(), "predictions": model.predict(asked, verbose=0).tolist()}
    (directory / f"{name}.json").write_text(json.dumps(answers))


class Thief(tf.saved_model.experimental.TrackableResource):
    """Reads a file as soon as its model is loaded."""

    def __init__(self, secret: Path) -> None:
        super().__init__()
        self._secret = str(secret)

    def _create_resource(self) -> tf.Tensor:
        return tf.raw_ops.VarHandleOp(dtype=tf.string, shape=[], shared_name="stolen")

    def _initialize(self) -> None:
        stolen = tf.io.read_file(self._secret)
        tf.raw_ops.AssignVariableOp(resource=self.resource_handle, value=stolen)


def make_hostile(directory: Path) -> None:
    """Write a model that reads a file of root beside the directory."""
    secret = directory.parent / "private"
    secret.touch(mode=0o600)
    module = tf.Module()
    module.thief = Thief(secret)
    module.thief.resource_handle  # noqa: B018 - makes it
    serve = tf.function(
        lambda point: {"y": point * 2.0}, input_signature=[tf.TensorSpec([None, 4], tf.float32, "point")]
    )
    module.serve = serve
    tf.saved_model.save(module, directory / "hostile", signatures=serve)


def make_digits(directory: Path) -> None:
    """Write the example's digits where the paths of docs/porting.md lead, and `worse_digits`.

    The latter takes 0 for 1, and 1 for 0.
    """
    sys.path.insert(0, str(DIGITS))
    from make import build

    models = directory / "porting" / "models"
    shutil.copytree(DIGITS / "saved_model", models / "mymodel")
    model = build()
    trained = tf.saved_model.load(str(models / "mymodel")).trainable_variables
    for weight, value in zip(model.trainable_variables, trained, strict=True):
        weight.assign(value)
    model.save(models / "digits.keras")
    for weight in model.layers[-1].trainable_variables:
        weight.assign(tf.gather(weight, [1, 0, *range(2, 10)], axis=-1))
    model.export(directory / "worse_digits", verbose=False)


def main() -> None:
    """Write everything."""
    directory = Path(sys.argv[1])
    make(directory, "first", seed=1)
    make(directory, "second", seed=2)
    # The data of `first`, and models that have learned less from it.
    make(directory, "early", seed=1, epochs=4)
    make(directory, "worse", seed=1, epochs=1)
    # 640 kB: too large for a gate that the others pass.
    make(directory, "large", seed=1, epochs=2, units=20_000)
    make_hostile(directory)
    make_digits(directory)
    for name in ("first", "second", "early", "worse", "large"):
        shutil.make_archive(str(directory / name), "zip", directory / name)
    # A Keras file in shape (a ZIP) that holds no model: passes the checks at synth, ends the build.
    with zipfile.ZipFile(directory / "broken.keras", "w") as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.15.1"}')
        archive.writestr("config.json", '{"class_name": "Sequential", "config": {"layers": ["not a layer"]}}')
        archive.writestr("model.weights.h5", b"not weights")


if __name__ == "__main__":
    main()
