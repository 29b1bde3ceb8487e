"""The digits CNN of about 1.3 million weights, trained once and kept.

8,000 digits to train on, and 2,000 that nothing sees before the end.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.optimizer.environment import TOOLS
from examples.digits.make import load_digits

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TRAINING = 8000
_EPOCHS = 8
_SEED = 7


@dataclass(frozen=True)
class Trained:
    """The trained model and its data."""

    directory: Path
    """Keras's export of it."""
    data: Path
    """What the optimizer gets: the digits that the model was trained on, with their labels."""
    images: NDArray[Any]
    """Digits for the final figures."""
    labels: NDArray[Any]


def trained() -> Trained:
    """Train the model, unless that was done before with this very program."""
    images, labels = load_digits()
    root = TOOLS / "benchmark-cnn" / hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    model, data = root / "saved_model", root / "training.npz"
    if not data.exists():
        _train(images[:_TRAINING], labels[:_TRAINING], model)
        np.savez_compressed(data, image=images[:_TRAINING], labels=labels[:_TRAINING])
    return Trained(model, data, images[_TRAINING:], labels[_TRAINING:])


def _train(images: NDArray[Any], labels: NDArray[Any], directory: Path) -> None:
    import keras
    from keras import layers

    keras.utils.set_random_seed(_SEED)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1), name="image"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(384, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax", name="probabilities"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    model.fit(images, labels, batch_size=64, epochs=_EPOCHS, verbose=2)
    model.export(directory, verbose=False)
