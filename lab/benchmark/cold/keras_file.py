"""Saves the digits CNN as Keras does: `keras_file.py DIGITS OUTPUT`, with the weights of the SavedModel in DIGITS."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def main(digits: str, output: str) -> None:
    """Build the network as `make.py` does, and give it the weights that were trained.

    Raises:
        RuntimeError: make.py is missing.
    """
    import tensorflow as tf

    spec = importlib.util.spec_from_file_location("make", Path(digits) / "make.py")
    if spec is None or spec.loader is None:
        raise RuntimeError(f"there is no make.py in {digits}")
    make = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make)
    model = make.build()
    # Variables are in the order of the layers in both models; set_weights refuses other shapes.
    trained = tf.saved_model.load(str(Path(digits) / "saved_model"))
    model.set_weights([variable.numpy() for variable in trained.trainable_variables])
    model.save(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
