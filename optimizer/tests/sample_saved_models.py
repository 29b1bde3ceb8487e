"""Small SavedModels that the optimizer must take."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from sample_functions import FEATURES, Dense, function, save, spec

if TYPE_CHECKING:
    from pathlib import Path


class SavedModels:
    """Each attribute is a path, made on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def dense(self) -> Path:
        model = Dense()
        return save(self.root / "dense", model, serving_default=model.serve)

    @cached_property
    def fragile(self) -> Path:
        """Decides wrongly in int8, rightly in float16."""
        model = Dense(outlier=500.0)
        return save(self.root / "fragile", model, serving_default=model.serve)

    @cached_property
    def two_inputs(self) -> Path:
        """The inputs' order in the function is not that of their names."""

        def body(zeta: Any, alpha: Any) -> dict[str, Any]:
            return {"difference": zeta * 2.0 - alpha, "total": tf.reduce_sum(zeta + alpha, axis=1, keepdims=True)}

        return function(self.root / "two", body, spec([None, 3], "zeta"), spec([None, 3], "alpha"))

    @cached_property
    def two_signatures(self) -> Path:
        model = Dense()
        model.raw = tf.function(
            lambda features: {"logits": model.logits(features)}, input_signature=[spec([None, FEATURES], "features")]
        )
        return save(self.root / "two-signatures", model, serving_default=model.serve, raw=model.raw)

    @cached_property
    def recurrent(self) -> Path:
        import keras

        keras.utils.set_random_seed(1)
        layers = keras.layers
        model = keras.Sequential(
            [keras.Input((None, 4)), layers.Bidirectional(layers.GRU(6, return_sequences=True)), layers.LSTM(5)]
        )
        model.export(self.root / "recurrent", verbose=False)
        return self.root / "recurrent"

    @cached_property
    def silent(self) -> Path:
        """Divides by a number that float16 takes for zero: not finite on silence."""
        small = tf.constant(np.full((1, 8), 1e-10, np.float32))

        def body(sound: Any) -> dict[str, Any]:
            return {"level": sound * sound / (sound * sound + small)}

        return function(self.root / "silent", body, spec([None, 8], "sound"))

    @cached_property
    def fixed(self) -> Path:
        """Model without a batch."""
        return function(self.root / "fixed", lambda grid: {"sum": tf.reduce_sum(grid, axis=0)}, spec([3, 2], "grid"))

    @cached_property
    def regression(self) -> Path:
        weights = tf.constant(np.linspace(-1, 1, 12).reshape(4, 3), tf.float32)
        return function(self.root / "regression", lambda x: {"y": 5.0 * x @ weights}, spec([None, 4], "x"))

    @cached_property
    def integers(self) -> Path:
        """An embedding: integers up to 9 only, and the answer is a class number."""
        table = tf.constant(np.random.default_rng(3).standard_normal((10, 5)), tf.float32)

        def body(ids: Any) -> dict[str, Any]:
            return {"class": tf.argmax(tf.reduce_sum(tf.gather(table, ids), axis=1), axis=-1)}

        return function(self.root / "integers", body, spec([None, 3], "ids", tf.int32))

    @cached_property
    def estimator(self) -> Path:
        """TensorFlow 1 as an Estimator exports it: resources, sliced and whole, a sharded saver, a vocabulary."""
        v1 = tf.compat.v1
        directory, words = self.root / "estimator", self.root / "estimator-words.txt"
        words.write_text("a\nb\n")
        with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
            x = v1.placeholder(tf.string, [None], name="words")
            steps = v1.train.get_or_create_global_step()
            line, number = tf.lookup.TextFileIndex.WHOLE_LINE, tf.lookup.TextFileIndex.LINE_NUMBER
            file = tf.lookup.TextFileInitializer(str(words), tf.string, line, tf.int64, number)
            ids = tf.lookup.StaticVocabularyTable(file, 1).lookup(x)
            slices = v1.fixed_size_partitioner(3)
            table = v1.get_variable("table", [3, 2], use_resource=True, partitioner=slices)
            bias = v1.get_variable("bias", initializer=np.array([1, 2], np.float32), use_resource=True)
            y = tf.nn.softmax(tf.gather(tf.convert_to_tensor(table), ids) + bias, name="scores")
            session.run([v1.global_variables_initializer(), v1.tables_initializer(), steps.initializer])
            definitions = v1.saved_model.signature_def_utils
            builder = v1.saved_model.Builder(str(directory))
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                {
                    "serving_default": definitions.classification_signature_def(x, None, y),
                    "predict": definitions.predict_signature_def({"words": x}, {"scores": y}),
                    "regression": definitions.regression_signature_def(x, y[:, :1]),
                },
                main_op=v1.tables_initializer(),
                assets_collection=graph.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
                saver=v1.train.Saver(sharded=True),
            )
            builder.save()
        # The machine that serves does not have it where the one that trained did.
        words.unlink()
        return directory

    @cached_property
    def version_1(self) -> Path:
        """TensorFlow 1: variables that are no resources, a table, a classify signature, and variables of training."""
        v1 = tf.compat.v1
        directory = self.root / "version-1"
        with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
            x = v1.placeholder(tf.float32, [None, 3], name="x")
            weights = v1.get_variable("w", initializer=np.eye(3, dtype=np.float32) * 3, use_resource=False)
            slots = v1.get_variable("slots", initializer=np.ones((200, 200), np.float32), use_resource=False)
            words = v1.placeholder(tf.string, [None], name="words")
            pairs = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
            found = tf.lookup.StaticHashTable(pairs, -1).lookup(words)
            y = tf.matmul(x, weights, name="y")
            tf.reduce_sum(slots, name="training")
            session.run([v1.global_variables_initializer(), v1.tables_initializer()])
            info, build = v1.saved_model.build_tensor_info, v1.saved_model.build_signature_def
            builder = v1.saved_model.Builder(str(directory))
            builder.add_meta_graph_and_variables(
                session,
                ["serve"],
                {
                    "serving_default": build({"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict"),
                    "classify": build({"inputs": info(words)}, {"classes": info(found)}, "tensorflow/serving/classify"),
                },
                main_op=v1.tables_initializer(),
            )
            builder.save()
        return directory
