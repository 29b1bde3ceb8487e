"""The architectures that are measured, with random weights: only their time counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Architecture:
    """A network to build with Keras."""

    name: str
    shape: tuple[int, ...]
    """Shape of one row."""
    build: Callable[[tuple[int, ...]], Any]
    is_convolutional: bool
    """Quantize activations to int8 as well, by calibration; otherwise only weights (dynamic range)."""


def _dense(shape: tuple[int, ...]) -> Any:
    import keras

    layers = keras.layers
    hidden = [layers.Dense(size, activation="relu") for size in (1024, 1024, 512)]
    return keras.Sequential([keras.Input(shape), *hidden, layers.Dense(10, activation="softmax")])


def _autoencoder(shape: tuple[int, ...]) -> Any:
    import keras

    layers = keras.layers
    hidden = [
        layer
        for size in (128, 128, 128, 128, 8, 128, 128, 128, 128)
        for layer in (layers.Dense(size), layers.BatchNormalization(), layers.ReLU())
    ]
    return keras.Sequential([keras.Input(shape), *hidden, layers.Dense(shape[0])])


def _ds_cnn(shape: tuple[int, ...]) -> Any:
    import keras

    layers = keras.layers

    def normalized(convolution: Any) -> list[Any]:
        return [convolution, layers.BatchNormalization(), layers.ReLU()]

    separable = [
        layer
        for _ in range(4)
        for convolution in (layers.DepthwiseConv2D(3, padding="same"), layers.Conv2D(64, 1))
        for layer in normalized(convolution)
    ]
    first = normalized(layers.Conv2D(64, (10, 4), strides=2, padding="same"))
    pooled = [layers.GlobalAveragePooling2D(), layers.Dense(12, activation="softmax")]
    return keras.Sequential([keras.Input(shape), *first, *separable, *pooled])


def _resnet_8(shape: tuple[int, ...]) -> Any:
    import keras

    layers = keras.layers

    def convolved(x: Any, filters: int, size: int, strides: int) -> Any:
        return layers.BatchNormalization()(layers.Conv2D(filters, size, strides=strides, padding="same")(x))

    given = keras.Input(shape)
    x = layers.ReLU()(convolved(given, 16, 3, 1))
    for filters, strides in ((16, 1), (32, 2), (64, 2)):
        inner = convolved(layers.ReLU()(convolved(x, filters, 3, strides)), filters, 3, 1)
        skipped = x if strides == 1 else layers.Conv2D(filters, 1, strides=strides, padding="same")(x)
        x = layers.ReLU()(layers.Add()([skipped, inner]))
    scores = layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(given, scores)


def _mobile_net(shape: tuple[int, ...]) -> Any:
    import keras

    return keras.applications.MobileNet(shape, alpha=0.25, weights=None, classes=2)


def _mobile_net_v2(shape: tuple[int, ...]) -> Any:
    import keras

    return keras.applications.MobileNetV2(shape, weights=None)


def _lstm(shape: tuple[int, ...]) -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential([keras.Input(shape), layers.LSTM(64), layers.Dense(10, activation="softmax")])


DENSE = "dense 256-1024-1024-512-10"

ARCHITECTURES = (
    Architecture(DENSE, (256,), _dense, is_convolutional=False),
    Architecture("autoencoder 640-128-8-128-640", (640,), _autoencoder, is_convolutional=False),
    Architecture("DS-CNN, 49 × 10", (49, 10, 1), _ds_cnn, is_convolutional=True),
    Architecture("ResNet-8, 32 × 32", (32, 32, 3), _resnet_8, is_convolutional=True),
    Architecture("MobileNet 0.25, 96 × 96", (96, 96, 3), _mobile_net, is_convolutional=True),
    Architecture("MobileNetV2, 224 × 224", (224, 224, 3), _mobile_net_v2, is_convolutional=True),
    Architecture("LSTM, 49 steps of 10, 64 units", (49, 10), _lstm, is_convolutional=False),
)
