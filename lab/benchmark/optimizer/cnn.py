"""The digits CNN of about 1.3 million weights, trained once and cached.

It uses 8,000 digits for training, another 8,000 for the optimizer, and 10,000 for the final measurement only. With
shared data, the model would know its answers by heart, and an equally good student would look worse.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.optimizer.mnist import Trained, digits
from benchmark.running import TOOLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TRAINING, _EVALUATION = 8000, 8000
_EPOCHS = 8
_SEED = 7


def trained() -> Trained:
    """Train the model, or return the cached one if this program has not changed."""
    images, labels = digits("train")
    root = TOOLS / "benchmark-cnn" / hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    model, data = root / "saved_model", root / "evaluation.npz"
    if not data.exists():
        _train(images[:_TRAINING], labels[:_TRAINING], model)
        given = slice(_TRAINING, _TRAINING + _EVALUATION)
        np.savez_compressed(data, image=images[given], labels=labels[given])
    return Trained(model, data, *digits("t10k"))


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
