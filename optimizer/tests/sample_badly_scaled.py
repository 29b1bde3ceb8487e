"""A network whose channels are scaled so differently that 8 bits for a tensor lose most of them, and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from sample_functions import function, spec

if TYPE_CHECKING:
    from pathlib import Path

    from sample_functions import Array

_SIDE, _CHANNELS, _CLASSES = 12, 24, 3


def stripes(count: int, seed: int) -> tuple[Array, Array]:
    """Return noisy images of horizontal, vertical and diagonal stripes, and their labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, _CLASSES, count)
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE]
    along = np.stack([rows, columns, rows + columns])[labels]
    images = np.sin(along * 1.2 + random.uniform(0, 2 * np.pi, (count, 1, 1))) + random.normal(0, 0.6, along.shape)
    return images[..., np.newaxis].astype(np.float32), labels


def badly_scaled(directory: Path, activation: Any = tf.nn.relu, spread: float = 2.5) -> Path:
    """Save a network: random features, which channels of very different scales hold, and a dense layer that fits them.

    The scales change no answer where the activation is ReLU: the depthwise layer divides by them. The spread is the
    deviation of their logarithms.
    """
    random = np.random.default_rng(5)
    scales = np.exp(random.normal(0, spread, _CHANNELS))
    first = tf.constant(random.normal(0, 0.5, (3, 3, 1, _CHANNELS)) * scales, tf.float32)
    depthwise = tf.constant(random.normal(0, 0.5, (3, 3, _CHANNELS, 1)) / scales[:, np.newaxis], tf.float32)

    def features(image: Any) -> Any:
        hidden = activation(tf.nn.conv2d(image, first, 1, "VALID"))
        hidden = activation(tf.nn.depthwise_conv2d(hidden, depthwise, [1, 1, 1, 1], "VALID"))
        return tf.reduce_mean(hidden, axis=[1, 2])

    images, labels = stripes(600, seed=1)
    inputs = features(tf.constant(images)).numpy()
    head, *_ = np.linalg.lstsq(np.c_[inputs, np.ones(len(inputs))], 8 * np.eye(_CLASSES)[labels] - 4, rcond=None)
    weights, bias = tf.constant(head[:-1], tf.float32), tf.constant(head[-1], tf.float32)

    def body(image: Any) -> dict[str, Any]:
        return {"kind": tf.nn.softmax(features(image) @ weights + bias)}

    return function(directory, body, spec([None, _SIDE, _SIDE, 1], "image"))
