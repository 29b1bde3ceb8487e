"""Models and data of every kind that the optimizer must take or refuse; those that are files stand here."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf
from sample_difficult_models import DifficultModels
from sample_functions import FEATURES, dense_data, dense_weights, function, spec

if TYPE_CHECKING:
    from pathlib import Path


class SampleModels(DifficultModels):
    """Each attribute is a path, made on first use."""

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
        """A .tflite file made with the converter's defaults: an unknown batch."""
        file = self.root / "dense.tflite"
        file.write_bytes(tf.lite.TFLiteConverter.from_saved_model(str(self.dense)).convert())
        return file

    @cached_property
    def static_tflite(self) -> Path:
        """A batch of 1: what native can serve."""
        weights = [tf.constant(dense_weight) for dense_weight in dense_weights()]

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
