"""The networks: two small ones with depthwise convolutions that lose more than a point by full-integer quantization."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.optimizer.mnist import Trained, digits

if TYPE_CHECKING:
    from pathlib import Path


_TRAINING, _EVALUATION = 8000, 8000
_EPOCHS = 3
#: Width of the first convolution, and width and stride of each block behind it.
_FIRST, _BLOCKS = 16, ((32, 1), (48, 2), (64, 2))


@dataclass(frozen=True)
class Network:
    """A network whose channels are scaled very differently."""

    name: str
    activation: str
    spread: float
    """Standard deviation of the logarithms of the channels' scales."""
    learned: bool
    """The scales are there when training starts; otherwise they are applied to the trained network, and change no
    answer."""
    recover: str
    """Recovery of the accuracy, as in job.json."""


NETWORKS = (
    Network("ReLU, badly scaled", "relu", 1.5, learned=False, recover="withoutTraining"),
    Network("swish, badly scaled", "swish", 1.0, learned=True, recover="withTraining"),
)


def trained(network: Network, seed: int, root: Path) -> Trained:
    """Train a network."""
    import keras

    images, labels = digits("train")
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    model = _built(network, random)
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(images[:_TRAINING], labels[:_TRAINING], batch_size=64, epochs=_EPOCHS, verbose=0)
    if not network.learned:
        _scale(model, network.spread, random)
    directory, data = root / "saved_model", root / "evaluation.npz"
    model.export(directory, verbose=False)
    given = slice(_TRAINING, _TRAINING + _EVALUATION)
    np.savez_compressed(data, image=images[given], labels=labels[given])
    images, labels = digits("t10k")
    return Trained(directory, data, images, labels)


def _built(network: Network, random: np.random.Generator) -> Any:
    import keras

    layers = keras.layers

    def normalized(values: Any, width: int) -> Any:
        scales = np.exp(random.normal(0, network.spread if network.learned else 0, width)).astype(np.float32)
        first = keras.initializers.Constant(scales)
        # Momentum: the statistics follow in hundreds of steps, instead of thousands.
        values = layers.BatchNormalization(momentum=0.9, gamma_initializer=first)(values)
        return layers.Activation(network.activation)(values)

    image = keras.Input((28, 28, 1), name="image")
    values = normalized(layers.Conv2D(_FIRST, 3, strides=2, padding="same", use_bias=False)(image), _FIRST)
    for width, stride in _BLOCKS:
        depthwise = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)
        values = normalized(depthwise(values), values.shape[-1])
        values = normalized(layers.Conv2D(width, 1, use_bias=False)(values), width)
    values = layers.GlobalAveragePooling2D()(values)
    return keras.Model(image, layers.Dense(10, activation="softmax", name="probabilities")(values))


def _scale(model: Any, spread: float, random: np.random.Generator) -> None:
    """Multiply the channels of each normalization, and divide the weights that read them."""
    import keras

    for normalization, following in zip(model.layers, model.layers[2:], strict=False):
        if isinstance(normalization, keras.layers.BatchNormalization) and hasattr(following, "kernel"):
            scales = np.exp(random.normal(0, spread, normalization.gamma.shape)).astype(np.float32)
            if following.kernel.shape[-2] != len(scales):
                continue
            normalization.gamma.assign(normalization.gamma * scales)
            normalization.beta.assign(normalization.beta * scales)
            following.kernel.assign(following.kernel / scales[:, np.newaxis])
