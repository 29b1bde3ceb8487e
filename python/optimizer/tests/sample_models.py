"""Small models of every kind that the optimizer must take or refuse. All weights are arithmetic: no training."""

from __future__ import annotations

import os
from functools import cached_property
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


class SampleModels:
    """Each attribute is a path, made on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # ---- SavedModels that convert

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
        """No batch at all."""
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

    # ---- SavedModels that Lambda cannot serve, or not without more being said

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
        """As many values as are positive."""
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

    # ---- Files

    @cached_property
    def keras_model(self) -> Any:
        import keras

        keras.utils.set_random_seed(2)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((8, 8, 1), name="image"),
                layers.Conv2D(4, 3, activation="relu"),
                layers.Flatten(),
                layers.Dense(3, activation="softmax"),
            ]
        )

    @cached_property
    def keras_file(self) -> Path:
        self.keras_model.save(self.root / "conv.keras")
        return self.root / "conv.keras"

    @cached_property
    def h5_file(self) -> Path:
        self.keras_model.save(self.root / "conv.h5")
        return self.root / "conv.h5"

    @cached_property
    def weights_file(self) -> Path:
        self.keras_model.save_weights(self.root / "conv.weights.h5")
        return self.root / "conv.weights.h5"

    @cached_property
    def lambda_model(self) -> Any:
        import keras

        return keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2, name="double")])

    @cached_property
    def lambda_keras(self) -> Path:
        self.lambda_model.save(self.root / "lambda.keras")
        return self.root / "lambda.keras"

    @cached_property
    def lambda_h5(self) -> Path:
        self.lambda_model.save(self.root / "lambda.h5")
        return self.root / "lambda.h5"

    @cached_property
    def custom_keras(self) -> Path:
        import keras

        class Twice(keras.layers.Layer):
            def call(self, values: Any) -> Any:
                return values * 2

        keras.Sequential([keras.Input((2,)), Twice()]).save(self.root / "custom.keras")
        return self.root / "custom.keras"

    @cached_property
    def tflite(self) -> Path:
        """What a user makes with the converter's defaults: an unknown batch."""
        file = self.root / "dense.tflite"
        file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(self.dense)).convert())
        return file

    @cached_property
    def static_tflite(self) -> Path:
        """A batch of 1: what nano can serve."""
        weights = [tf.constant(one) for one in dense_weights()]

        def body(features: Any) -> dict[str, Any]:
            hidden = tf.nn.relu(tf.nn.relu(features @ weights[0]) @ weights[1])
            return {"probabilities": tf.nn.softmax(hidden @ weights[2])}

        directory = function(self.root / "static", body, spec([1, FEATURES], "features"))
        file = self.root / "static.tflite"
        file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(directory)).convert())
        return file

    @cached_property
    def int8_tflite(self) -> Path:
        """int8 inside and outside."""
        converter = tf.lite.TFLiteConverter.from_saved_model(str(self.dense))
        rows = dense_data(50)[0]
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[np.newaxis]] for row in rows)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        file = self.root / "int8.tflite"
        file.write_bytes(converter.convert())
        return file

    @cached_property
    def counter_tflite(self) -> Path:
        file = self.root / "counter.tflite"
        file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(self.counter)).convert())
        return file

    @cached_property
    def flex_tflite(self) -> Path:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(self.determinant))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
        file = self.root / "flex.tflite"
        file.write_bytes(converter.convert())
        return file

    @cached_property
    def frozen(self) -> Path:
        v1 = tf.compat.v1
        with v1.Graph().as_default() as graph:
            tf.identity(v1.placeholder(tf.float32, [None, 3], name="x"), name="y")
            file = self.root / "model.pb"
            file.write_bytes(graph.as_graph_def().SerializeToString())
        return file

    # ---- Data of the dense models

    @cached_property
    def labelled(self) -> Path:
        features, labels = dense_data(640)
        np.savez(self.root / "labelled.npz", features=features, labels=labels)
        return self.root / "labelled.npz"

    @cached_property
    def unlabelled(self) -> Path:
        np.savez(self.root / "unlabelled.npz", dense_data(640)[0])
        return self.root / "unlabelled.npz"


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
    import shutil

    shutil.copytree(directory, destination)
    return destination


def truncate(file: Path, share: float) -> Path:
    """Cut a file short."""
    os.truncate(file, int(file.stat().st_size * share))
    return file
