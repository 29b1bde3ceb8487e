"""Makes the models that `npm run demo -- --deliver` uploads: make_models.py DIRECTORY.

* `first.zip`: a small network that has seen few digits;
* `better.zip`: the model of the digits example;
* `shuffled.zip`: the small network with its first six classes in the reverse order, as if their labels were mixed up;
* `large.zip`: too large for the gate, however it is quantized.
"""

from __future__ import annotations

import os
import runpy
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "digits"
SEED = 7
FEW = 400


def network(units: int) -> keras.Model:
    """Return an untrained network with one hidden layer, and the inputs and outputs of the example's."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ]
    )


def trained(images: NDArray[Any], labels: NDArray[Any]) -> keras.Model:
    """Return a small network that has learned these digits."""
    model = network(32)
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=32, epochs=10, verbose=0)
    return model


def with_shuffled_classes(model: keras.Model) -> keras.Model:
    """Return a network that decides for 5 where the model decides for 0, for 4 where it decides for 1, and so on."""
    shuffled = network(32)
    *hidden, kernel, bias = model.get_weights()
    order = [5, 4, 3, 2, 1, 0, 6, 7, 8, 9]
    shuffled.set_weights([*hidden, kernel[:, order], bias[order]])
    return shuffled


def enlarged(model: keras.Model) -> keras.Model:
    """Return a network of 13 MB that answers like the small one: its other units have no effect."""
    large = network(4096)
    kernel, bias, last_kernel, last_bias = large.get_weights()
    own_kernel, own_bias, own_last_kernel, own_last_bias = model.get_weights()
    kernel[:, : own_kernel.shape[1]], bias[: len(own_bias)] = own_kernel, own_bias
    last_kernel[:] = 0
    last_kernel[: len(own_last_kernel)], last_bias[:] = own_last_kernel, own_last_bias
    large.set_weights([kernel, bias, last_kernel, last_bias])
    return large


def main() -> None:
    """Write the four archives."""
    directory = Path(sys.argv[1])
    keras.utils.set_random_seed(SEED)
    images, labels = runpy.run_path(str(EXAMPLE / "make.py"))["load_digits"]()
    first = trained(images[:FEW], labels[:FEW])
    models = {"first": first, "shuffled": with_shuffled_classes(first), "large": enlarged(first)}
    for name, model in models.items():
        model.export(directory / name, verbose=False)
    shutil.copytree(EXAMPLE / "saved_model", directory / "better")
    for name in (*models, "better"):
        shutil.make_archive(str(directory / name), "zip", directory / name)


if __name__ == "__main__":
    main()
