"""The networks, trained once on digits and cached: two with depthwise convolutions, and one of dense layers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.optimizer.mnist import Trained, digits
from benchmark.running import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_TRAINING, _EVALUATION = 8000, 2000
_SEED = 7


@dataclass(frozen=True)
class Network:
    """Recipe to build and train a network."""

    name: str
    side: int
    """Width and height of its images."""
    build: Callable[[int], Any]
    epochs: int
    is_dense: bool = False


def _mobile_net(side: int) -> Any:
    import keras

    return _quick_statistics(
        keras.applications.MobileNetV2((side, side, 1), weights=None, classes=10, classifier_activation="softmax")
    )


def _efficient_net(side: int) -> Any:
    import keras

    return _quick_statistics(
        keras.applications.EfficientNetB0(input_shape=(side, side, 1), weights=None, classes=10, include_top=True)
    )


def _dense(side: int) -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((side, side, 1), name="image"),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(512, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _quick_statistics(model: Any) -> Any:
    """Let batch normalization follow its statistics in hundreds of steps, instead of thousands."""
    for layer in model._flatten_layers():
        if hasattr(layer, "momentum"):
            layer.momentum = 0.9
    return model


NETWORKS = (
    Network("MobileNetV2", 64, _mobile_net, 4),
    Network("EfficientNetB0", 64, _efficient_net, 4),
    Network("dense 256-1024-1024-512-10", 16, _dense, 10, is_dense=True),
)


def trained(network: Network) -> Trained:
    """Train a network, or return the cached one if this program has not changed."""
    program = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
    root = TOOLS / "benchmark-layers" / program / network.name.split()[0]
    model, data = root / "saved_model", root / "evaluation.npz"
    images, labels = digits("train")
    if not data.exists():
        _train(network, _resized(images[:_TRAINING], network.side), labels[:_TRAINING], model)
        given = slice(_TRAINING, _TRAINING + _EVALUATION)
        np.savez_compressed(data, image=_resized(images[given], network.side), labels=labels[given])
    images, labels = digits("t10k")
    return Trained(model, data, _resized(images, network.side), labels)


def _train(network: Network, images: NDArray[Any], labels: NDArray[Any], directory: Path) -> None:
    import keras

    keras.utils.set_random_seed(_SEED)
    model = network.build(network.side)
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(images, labels, batch_size=32, epochs=network.epochs, verbose=2)
    model.export(directory, verbose=False)


def _resized(images: NDArray[Any], side: int) -> NDArray[Any]:
    import tensorflow as tf

    resized: NDArray[Any] = tf.image.resize(images, (side, side), antialias=True).numpy()
    return resized
