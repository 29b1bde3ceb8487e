"""Small models that take text and categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXTS = ["the cat sat on the mat", "a dog ate my homework!", "the dog", "", "  Cats & dogs, mats.  ", "unknown WORDS"]
ABOUT_DOGS = [0, 1, 1, 0, 0, 0]


def vectorized(directory: Path, **options: Any) -> Path:
    """Save a classifier of texts as a SavedModel."""
    return _exported(vectorizing(**options), directory)


def vectorizing(**options: Any) -> keras.Model:
    """Return a classifier of texts."""
    layer = keras.layers.TextVectorization(**{"output_mode": "int", "output_sequence_length": 8, **options})
    layer.adapt(TEXTS[:3])
    text = keras.Input((1,), dtype="string", name="text")
    numbers = layer(text)
    if options.get("output_mode", "int") == "int":
        numbers = keras.layers.Embedding(50, 4)(numbers)
        numbers = keras.layers.GlobalAveragePooling1D()(numbers)
    answer = keras.layers.Dense(2, activation="softmax", name="class")(numbers)
    return keras.Model(text, answer)


def trained(directory: Path) -> Path:
    """Save a classifier that tells the texts about dogs (see `TEXTS` and `ABOUT_DOGS`)."""
    keras.utils.set_random_seed(7)
    model = vectorizing()
    model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
    model.fit(tf.constant([[text] for text in TEXTS]), tf.constant(ABOUT_DOGS), epochs=60, verbose=0)
    return _exported(model, directory)


def columns(directory: Path) -> Path:
    """Save a model of a table: a text, a whole number and numbers."""
    keras.utils.set_random_seed(7)
    city = keras.Input((1,), dtype="string", name="city")
    code = keras.Input((1,), dtype="int64", name="code")
    numbers = keras.Input((2,), name="numbers")
    looked_up = [
        keras.layers.StringLookup(vocabulary=["rome", "paris", "oslo"])(city),
        keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])(code),
    ]
    embedded = [keras.layers.Flatten()(keras.layers.Embedding(10, 3)(number)) for number in looked_up]
    answer = keras.layers.Dense(1, name="y")(keras.layers.Concatenate()([*embedded, numbers]))
    return _exported(keras.Model([city, code, numbers], answer), directory)


def of_function(function: Callable[..., Any], directory: Path, **inputs: tf.TensorSpec) -> Path:
    """Save a function as a model."""
    module = tf.Module()
    specs = [tf.TensorSpec(spec.shape, spec.dtype, name=name) for name, spec in inputs.items()]
    module.f = tf.function(function, input_signature=specs)
    tf.saved_model.save(module, str(directory), signatures=module.f)
    return directory


def _exported(model: Any, directory: Path) -> Path:
    model.export(directory, verbose=False)
    return directory
