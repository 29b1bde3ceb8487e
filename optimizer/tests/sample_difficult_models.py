"""Small SavedModels that Lambda cannot serve, or not without more being said."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from sample_functions import function, save, spec
from sample_saved_models import SavedModels

if TYPE_CHECKING:
    from pathlib import Path


class DifficultModels(SavedModels):
    """Each attribute is a path, made on first use."""

    @cached_property
    def counter(self) -> Path:
        class Counter(tf.Module):
            def __init__(self) -> None:
                self.count = tf.Variable(tf.zeros([1, 3]))

            @tf.function(input_signature=[spec([None, 3], "x")])
            def serve(self, x: Any) -> dict[str, Any]:
                self.count.assign_add(tf.ones([1, 3]))
                return {"y": x + self.count}

        model = Counter()
        return save(self.root / "counter", model, serving_default=model.serve)

    @cached_property
    def ranker(self) -> Path:
        """The rank of each row among the rows of its batch."""

        def body(scores: Any) -> dict[str, Any]:
            order = tf.argsort(tf.argsort(tf.reduce_sum(scores, axis=1)))
            return {"rank": tf.cast(order, tf.float32)[:, tf.newaxis]}

        return function(self.root / "ranker", body, spec([None, 3], "scores"))

    @cached_property
    def audio(self) -> Path:
        """A score for each 160 samples of any length."""

        def body(sound: Any) -> dict[str, Any]:
            return {"scores": tf.reduce_mean(tf.signal.frame(sound, 160, 160), axis=1)}

        return function(self.root / "audio", body, spec([None], "sound"))

    @cached_property
    def noise(self) -> Path:
        return function(self.root / "noise", lambda x: {"y": x + tf.random.normal(tf.shape(x))}, spec([None, 3], "x"))

    @cached_property
    def python_function(self) -> Path:
        """Calls back into the program that made it."""

        def body(x: Any) -> dict[str, Any]:
            return {"y": tf.reshape(tf.numpy_function(lambda values: values * 2, [x], tf.float32), tf.shape(x))}

        return function(self.root / "python", body, spec([None, 3], "x"))

    @cached_property
    def igamma(self) -> Path:
        """An operator that LiteRT does not have."""
        return function(
            self.root / "igamma", lambda x: {"y": tf.math.igamma(tf.abs(x) + 1.0, tf.abs(x))}, spec([None, 3], "x")
        )

    @cached_property
    def determinant(self) -> Path:
        """An operator that only Flex has."""
        return function(self.root / "determinant", lambda x: {"y": tf.linalg.det(x)}, spec([None, 3, 3], "x"))

    @cached_property
    def sparse(self) -> Path:
        """Model with as many outputs as its input has positive values."""
        return function(self.root / "sparse", lambda x: {"y": tf.boolean_mask(x, x > 0)}, spec([2, 3], "x"))

    @cached_property
    def vocabulary(self) -> Path:
        """Strings through a table whose file is an asset, a signature with numbers, and a large idle variable."""
        words = self.root / "words.txt"
        words.write_text("a\nb\nc\n")

        class Vocabulary(tf.Module):
            def __init__(self) -> None:
                index = tf.lookup.TextFileIndex
                content = tf.lookup.TextFileInitializer(
                    str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
                )
                self.table = tf.lookup.StaticVocabularyTable(content, 1)
                self.vectors = tf.Variable(np.arange(8, dtype=np.float32).reshape(4, 2))
                self.slots = tf.Variable(np.zeros((300, 100), np.float32))

            @tf.function(input_signature=[spec([None], "words", tf.string)])
            def embed(self, words: Any) -> dict[str, Any]:
                return {"vectors": tf.gather(self.vectors, self.table.lookup(words))}

            @tf.function(input_signature=[spec([None, 4], "weights")])
            def mix(self, weights: Any) -> dict[str, Any]:
                return {"mixed": weights @ self.vectors}

            @tf.function(input_signature=[spec([None, 100], "x")])
            def train(self, x: Any) -> Any:
                self.slots.assign_add(tf.matmul(tf.ones([300, 1]), tf.reduce_sum(x, axis=0, keepdims=True)))
                return tf.reduce_sum(self.slots)

        model = Vocabulary()
        return save(self.root / "vocabulary", model, serving_default=model.embed, mix=model.mix)

    @cached_property
    def text(self) -> Path:
        """Strings only."""
        return function(
            self.root / "text",
            lambda text: {"length": tf.strings.length(text)[:, tf.newaxis]},
            spec([None], "text", tf.string),
        )
