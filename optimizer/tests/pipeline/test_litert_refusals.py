from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import copy_of, dense_data, spec
from sample_functions import function as save_function
from sample_jobs import gate
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.conversion import LiteRtMode, convert
from tensorflow_optimizer.errors import UnsupportedError
from tensorflow_optimizer.hints import Hint

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


SERVING = "serve the model with TensorFlow Serving"
STATE = [Hint.STATE_RESET, Hint.TENSORFLOW_SERVING]


class TestRefusals:
    """Exit code 4, and the sentence names the way out."""

    def check(self, result: Result, *texts: str, hints: list[Hint] | None = None) -> None:
        assert result.code == 4, result.sentence
        assert hints is None or result.outcome.hints == hints
        for text in texts:
            assert text in result.sentence
        assert not (result.output / "model").exists()

    def test_texts_that_are_not_separated_from_the_numbers(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        self.check(
            runs(models.vocabulary),
            "the signature 'serving_default' computes on text or categories, and this part of it cannot be separated",
            "give another signature to publish ('mix')",
            SERVING,
            hints=[Hint.SIGNATURE, Hint.TENSORFLOW_SERVING],
        )
        upper = save_function(tmp_path / "upper", lambda x: {"y": tf.strings.upper(x)}, spec([None], "x", tf.string))
        self.check(runs(upper), "it returns strings ('y')", SERVING, hints=[Hint.TENSORFLOW_SERVING])

    def test_state(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.counter), "AssignAddVariableOp", "reset the state", hints=STATE)

    @pytest.mark.parametrize("target", [{}, {"format": "saved_model", "recipe": "forServing"}])
    def test_python(self, target: dict[str, Any], models: SampleModels, runs: Runs) -> None:
        refused = runs(models.python_function, **target)
        self.check(refused, "could call Python of the program that exported it", hints=[Hint.ALLOWED_OPERATIONS])
        allowed = runs(models.python_function, source={"allowedOperations": ["EagerPyFunc", "PyFunc"]}, **target)
        self.check(allowed, "calls Python code that only the program has", hints=[])

    def test_an_answer_that_depends_on_the_batch(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "rows.npz", np.random.default_rng(0).standard_normal((600, 3)).astype(np.float32))
        self.check(runs(models.ranker, tmp_path / "rows.npz"), "output 'rank' depends on the batch")
        self.check(runs(models.ranker), "output 'rank' depends on the batch")

    def test_random_answers(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.noise), "not deterministic", "training=False")

    def test_a_scalar_beside_a_batch(self, runs: Runs, tmp_path: Path) -> None:
        def body(x: Any) -> dict[str, Any]:
            return {"y": x * 2.0, "temperature": tf.constant(0.5)}

        refused = runs(save_function(tmp_path / "scalar", body, spec([None, 4], "x")))
        self.check(
            refused, "not all of its outputs are one for each row ('temperature' is float32", "leave these outputs out"
        )

    @pytest.mark.parametrize(
        ("dtype", "said"),
        [
            (tf.float64, "the model computes in float64 (BiasAdd, MatMul), and LiteRT in float32: build it in float32"),
            (tf.int32, "does not have for their types (BiasAdd of int32, MatMul of int32)"),
            (
                tf.complex64,
                "MatMul of complex64) and Lambda serves no Flex or custom operators; compute them in float32",
            ),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_a_type_that_an_operator_does_not_have(self, dtype: Any, said: str, tmp_path: Path) -> None:
        def body(x: Any) -> dict[str, Any]:
            weights, bias = (tf.cast(np.ones(shape), dtype) for shape in ([4, 2], [2]))
            return {"y": tf.cast(tf.nn.bias_add(tf.cast(x, dtype) @ weights, bias), tf.float32)}

        directory = save_function(tmp_path / "typed", body, spec([1, 4], "x"))
        with pytest.raises(UnsupportedError) as refused:
            convert(directory, LiteRtMode.FLOAT32, ["serving_default"])
        assert said in str(refused.value)

    @pytest.mark.parametrize(("policy", "name"), [("mixed_float16", "float16"), ("mixed_bfloat16", "bfloat16")])
    def test_mixed_precision(self, runs: Runs, tmp_path: Path, policy: str, name: str) -> None:
        import keras

        layers = [keras.layers.Dense(3, "relu", dtype=policy), keras.layers.Dense(2, dtype="float32")]
        keras.Sequential([keras.Input((4,)), *layers]).save(tmp_path / "mixed.keras")
        refused = runs(tmp_path / "mixed.keras")
        self.check(
            refused,
            f"the model computes in {name} (BiasAdd, MatMul, Relu), and LiteRT in float32",
            "the dtype policy 'float32'",
            SERVING,
            hints=[Hint.TENSORFLOW_SERVING],
        )
        assert "does not have" not in refused.sentence

    def test_operators_that_litert_does_not_have(self, models: SampleModels, runs: Runs) -> None:
        for model, operator in ((models.igamma, "Igamma"), (models.determinant, "MatrixDeterminant")):
            refused = runs(model)
            self.check(
                refused, f"({operator})", "no Flex or custom operators", SERVING, hints=[Hint.TENSORFLOW_SERVING]
            )

    def test_outputs_of_any_size(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.sparse), "outputs without a fixed size (y)")

    def test_unknown_operators(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        self.check(runs(altered(models.regression, tmp_path, operator="OurOwn")), "does not have", "OurOwn")

    def test_a_newer_tensorflow_when_its_model_does_not_load(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        newer = altered(models.regression, tmp_path, operator="Newest", version="9.1.0")
        self.check(runs(newer), "the newer TensorFlow 9.1.0 saved", "save it again with")

    def test_an_unknown_signature(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, source={"signatureName": "predict"}), "no signature 'predict'")


def altered(model: Path, directory: Path, operator: str | None = None, version: str | None = None) -> Path:
    """Copy a SavedModel with another operator in the place of its multiplication, or another version."""
    copy = copy_of(model, directory / "altered")
    saved_model = saved_model_pb2.SavedModel.FromString((copy / "saved_model.pb").read_bytes())
    for meta_graph in saved_model.meta_graphs:
        meta_graph.meta_info_def.tensorflow_version = version or meta_graph.meta_info_def.tensorflow_version
        for function in meta_graph.graph_def.library.function:
            for node in function.node_def:
                node.op = operator if operator and node.op == "MatMul" else node.op
    (copy / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return copy


def test_a_newer_tensorflow_is_no_reason_when_its_model_loads(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    draft = runs(altered(models.regression, tmp_path, version="9.1.0"), recipe="none").published
    assert draft.source.tensorflow_version == "9.1.0"


class TestBadInput:
    """Exit code 2."""

    def check(self, result: Result, text: str, hint: Hint | None = None) -> None:
        assert result.code == 2, result.sentence
        assert hint is None or hint in result.outcome.hints
        assert text in result.sentence

    def test_labels_that_do_not_match(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        features, labels = dense_data(600)
        np.savez(tmp_path / "wrong.npz", features=features, labels=np.random.default_rng(0).permutation(labels))
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "labels or preprocessing do not match this model")

    def test_inputs_that_were_not_scaled(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        features, labels = dense_data(600)
        np.savez(tmp_path / "wrong.npz", features=features[:, ::-1] * 255, labels=labels)
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "labels or preprocessing do not match this model")

    def test_data_of_another_shape(self, models: SampleModels, runs: Runs, tmp_path: Path) -> None:
        np.savez(tmp_path / "wrong.npz", np.ones((10, 5)))
        self.check(runs(models.dense, tmp_path / "wrong.npz"), "the model takes [16]")

    def test_a_shape_that_the_model_cannot_take(self, models: SampleModels, runs: Runs) -> None:
        self.check(
            runs(models.dense, source={"inputShapes": {"features": [1, 8]}}), "but the model takes float32[?, 16]"
        )

    @pytest.mark.parametrize("rule", ["maxAccuracyLoss", "minAgreement"])
    def test_a_gate_that_needs_data(self, rule: str, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, gate=gate((rule, 0.9))), "give evaluation data", hint=Hint.EVALUATION_DATA)

    def test_names_for_another_number_of_classes(self, models: SampleModels, runs: Runs) -> None:
        self.check(runs(models.dense, labels=["a", "b"]), "`labels` names 2 classes, but no output has as many scores")

    def test_data_that_the_job_names_but_that_is_missing(self, models: SampleModels, runs: Runs) -> None:
        evaluation = {"packaging": "file", "identity": {"digest": "x"}}
        self.check(runs(models.dense, evaluation=evaluation), "give it as --evaluation")

    def test_a_recipe_for_the_other_format(self, models: SampleModels, runs: Runs) -> None:
        self.check(
            runs(models.dense, recipe="forServing"),
            "the default recipe for TensorFlow Serving makes SavedModels",
            hint=Hint.RECIPE_LITERT,
        )


def test_a_model_that_does_not_run_with_the_given_shape_says_why(runs: Runs, tmp_path: Path) -> None:
    module = tf.Module()
    module.weights = tf.Variable(tf.ones([4, 3]))
    serve = tf.function(
        lambda x: {"y": x @ module.weights}, input_signature=[tf.TensorSpec([None, None], tf.float32, name="x")]
    )
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=serve)

    refused = runs(tmp_path / "model", source={"inputShapes": {"x": [1, 5]}})

    assert refused.code == 2
    assert "(Matrix size-incompatible: In[0]: [16,5], In[1]: [4,3])" in refused.sentence
