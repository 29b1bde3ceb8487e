"""Writes the sample models. All weights are arithmetic: no training."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[Any]

FEATURES, HIDDEN, CLASSES = 16, 64, 4


def spec(shape: list[int | None], name: str, dtype: Any = tf.float32) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name=name)


def dense_weights() -> tuple[Array, Array, Array]:
    random = np.random.default_rng(7)
    return (
        random.standard_normal((FEATURES, HIDDEN)).astype(np.float32) / 4,
        random.standard_normal((HIDDEN, HIDDEN)).astype(np.float32) / 8,
        random.standard_normal((HIDDEN, CLASSES)).astype(np.float32),
    )


class Dense(tf.Module):
    """Three layers, softmax. The middle one is large enough for the converter to quantize it."""

    def __init__(self, outlier: float = 0.0) -> None:
        first, second, third = dense_weights()
        first[-1] = 0
        if outlier:
            # The last hidden unit is always 0, so that its weights decide nothing, and dominate every int8 scale.
            first[:, -1] = 0
            second[-1, :] = outlier
        self.layers = [tf.Variable(weights) for weights in (first, second, third)]

    def logits(self, values: Any) -> Any:
        hidden = tf.nn.relu(values @ self.layers[0])
        return tf.nn.relu(hidden @ self.layers[1]) @ self.layers[2]

    @tf.function(input_signature=[spec([None, FEATURES], "features")])
    def serve(self, features: Any) -> dict[str, Any]:
        return {"probabilities": tf.nn.softmax(self.logits(features))}


class Function(tf.Module):
    """A module around one or more functions."""


def save(directory: Path, module: tf.Module, **signatures: Any) -> Path:
    tf.saved_model.save(module, str(directory), signatures=signatures)
    return directory


def function(directory: Path, body: Any, *specs: tf.TensorSpec) -> Path:
    """Save a SavedModel whose only signature is `body`."""
    module = Function()
    module.body = tf.function(body, input_signature=list(specs))
    return save(directory, module, serving_default=module.body)


def dense_data(count: int) -> tuple[Array, Array]:
    """Return features and labels of which the dense model knows all but about 5 %."""
    random = np.random.default_rng(11)
    features = random.standard_normal((count, FEATURES)).astype(np.float32)
    features[:, -1] = 0
    first, second, third = dense_weights()
    first[-1] = 0
    hidden = np.maximum(features @ first, 0)
    labels = (np.maximum(hidden @ second, 0) @ third).argmax(axis=1)
    wrong = random.random(count) < 0.05
    labels[wrong] = (labels[wrong] + 1) % CLASSES
    return features, labels


def copy_of(directory: Path, destination: Path) -> Path:
    """Copy a SavedModel, to be damaged."""
    shutil.copytree(directory, destination)
    return destination


def truncate(file: Path, share: float) -> Path:
    """Cut a file short."""
    os.truncate(file, int(file.stat().st_size * share))
    return file
