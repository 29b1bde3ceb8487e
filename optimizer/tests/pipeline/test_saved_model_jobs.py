from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import copy_of
from sample_jobs import DYNAMIC_RANGE, STRIP, gate
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_optimizer.candidates import saved_model_builder
from tensorflow_optimizer.evaluation.closeness import is_close
from tensorflow_optimizer.pipeline import saved_model_format
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

INPUTS: dict[str, dict[str, dict[str, Any]]] = {
    "dense": {"serving_default": {"features": np.linspace(-1, 1, 32).reshape(2, 16).astype(np.float32)}},
    "two_inputs": {"serving_default": {"zeta": np.ones((2, 3), np.float32), "alpha": np.zeros((2, 3), np.float32)}},
    "vocabulary": {
        "serving_default": {"words": np.array([b"a", b"c", b"unknown"], dtype=object)},
        "mix": {"weights": np.eye(4, dtype=np.float32)},
    },
    "counter": {"serving_default": {"x": np.zeros((2, 3), np.float32)}},
    "version_1": {
        "serving_default": {"x": np.ones((2, 3), np.float32)},
        "classify": {"inputs": np.array([b"a", b"z"], dtype=object)},
    },
    "estimator": {
        name: {key: np.array([b"a", b"b", b"unknown"], dtype=object)}
        for name, key in (("serving_default", "inputs"), ("predict", "words"), ("regression", "inputs"))
    },
    "text": {"serving_default": {"text": np.array([b"hello", b""], dtype=object)}},
    "audio": {"serving_default": {"sound": np.ones(480, np.float32)}},
    "sparse": {"serving_default": {"x": np.array([[1, -1, 2], [0, 0, 3]], np.float32)}},
}


def runner_of(directory: Path) -> SavedModelRunner:
    return SavedModelRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])))


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


@pytest.mark.parametrize("name", list(INPUTS))
def test_stripping_keeps_every_answer_exactly(name: str, models: SampleModels, runs: Runs) -> None:
    source = getattr(models, name)
    result = runs(source, format="saved_model", recipe="forServing")
    assert result.statuses == {"strip": "chosen"}, result.sentence
    before, after = runner_of(source), runner_of(result.output / "model")
    for signature, inputs in INPUTS[name].items():
        # More than once: state must go on from where it was.
        for _ in range(3):
            expected, answer = before.run(signature, inputs), after.run(signature, inputs)
            assert expected.keys() == answer.keys()
            for output, value in expected.items():
                np.testing.assert_array_equal(answer[output], value)


def test_a_missing_vocabulary_of_tensorflow_1_is_noticed(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    shutil.copytree(models.estimator, tmp_path / "copy")
    (tmp_path / "copy" / "assets" / "estimator-words.txt").unlink()
    refused = runs(tmp_path / "copy", format="saved_model", recipe="forServing")
    assert refused.code == 2
    assert "assets/estimator-words.txt is missing" in refused.sentence


def test_stripping_drops_what_serving_does_not_need(models: SampleModels, runs: Runs) -> None:
    for name, gone in (("vocabulary", 300 * 100 * 4), ("version_1", 200 * 200 * 4)):
        source = getattr(models, name)
        result = runs(source, format="saved_model", recipe="forServing")
        assert size_of(result.output / "model") < size_of(source) - gone * 0.9


def test_stripping_keeps_assets_tables_and_method_names(models: SampleModels, runs: Runs) -> None:
    result = runs(models.vocabulary, format="saved_model", recipe="forServing")
    assert (result.output / "model" / "assets" / "words.txt").read_text() == "a\nb\nc\n"
    version_1 = runs(models.version_1, format="saved_model", recipe="forServing")
    assert version_1.published.signatures["classify"].method_name == "tensorflow/serving/classify"
    kept = read_signatures(read_meta_graph(version_1.output / "model", ["serve"]))
    assert kept["classify"].method_name == "tensorflow/serving/classify"


@pytest.mark.parametrize(("name", "kept"), [("dense", False), ("two_inputs", False), ("vocabulary", True)])
def test_loading_a_model_runs_only_initializers(name: str, kept: bool, models: SampleModels, runs: Runs) -> None:
    source = getattr(models, name)
    result = runs(source, format="saved_model", recipe="forServing")
    before, after = (read_meta_graph(place, ["serve"]) for place in (source, result.output / "model"))
    for members in ("signature_def", "collection_def"):
        asks = [
            any(key.startswith(("__saved_model", "saved_model")) for key in getattr(entry, members))
            for entry in (before, after)
        ]
        assert asks == [True, kept]
    # The other loader, which reads the objects and not the graph.
    loaded = tf.saved_model.load(str(result.output / "model"))
    for signature, inputs in INPUTS[name].items():
        answer = loaded.signatures[signature](**{key: tf.constant(value) for key, value in inputs.items()})
        expected = runner_of(source).run(signature, inputs)
        for output, value in expected.items():
            np.testing.assert_array_equal(answer[output].numpy(), value)


def test_none_serves_the_files_unchanged(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, format="saved_model", recipe="none")
    assert result.statuses == {"none": "chosen"}
    for file in models.dense.rglob("*"):
        if file.is_file():
            assert (result.output / "model" / file.relative_to(models.dense)).read_bytes() == file.read_bytes()


def test_a_keras_file_becomes_a_savedmodel(models: SampleModels, runs: Runs) -> None:
    result = runs(models.keras_file, format="saved_model", recipe=STRIP)
    image = np.random.default_rng(0).uniform(size=(2, 8, 8, 1)).astype(np.float32)
    signature = result.published.signatures["serving_default"]
    answer = runner_of(result.output / "model").run("serving_default", dict.fromkeys(signature.inputs, image))
    np.testing.assert_allclose(next(iter(answer.values())), models.keras_model(image).numpy(), atol=1e-5)


def test_the_signatures_are_described_with_their_batch(models: SampleModels, runs: Runs) -> None:
    draft = runs(models.vocabulary, format="saved_model", recipe="forServing").published
    assert draft.signatures["serving_default"].inputs["words"].dtype == "string"
    assert draft.signatures["mix"].batched
    assert draft.signatures["mix"].inputs["weights"].shape == [-1, 4]
    assert draft.requirements.runtime is None
    assert draft.requirements.minimum_serving_version is not None


def test_only_the_named_signature_is_kept(models: SampleModels, runs: Runs) -> None:
    result = runs(models.vocabulary, format="saved_model", recipe="forServing", source={"signatureName": "mix"})
    assert list(read_signatures(read_meta_graph(result.output / "model", ["serve"]))) == ["mix"]


class TestStripping:
    """Stripping, which changes no number."""

    def test_a_different_rounding_is_reported(
        self, models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def rounded(*_: Any, tolerance: float = 1e-5) -> str | None:
            return None if tolerance else "its output differs"

        monkeypatch.setattr(saved_model_format, "find_difference", rounded)
        result = runs(models.dense, format="saved_model", recipe="forServing")
        assert result.statuses == {"strip": "chosen"}
        assert any("differ in their last digits" in warning for warning in result.outcome.warnings)

    def test_a_search_chooses_another_candidate(
        self, models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(saved_model_format, "find_difference", lambda *_, **__: "its output differs")
        # What is frozen is larger here, and would not be chosen.
        monkeypatch.setattr(saved_model_builder.LoadedSavedModel, "compressed_bytes", property(_frozen_is_larger))
        steps = [{"step": "freeze"}]
        searched = {"kind": "search", "search": {"objective": "size", "maxAccuracyLoss": 0.1}, "steps": steps}
        result = runs(models.dense, models.labelled, format="saved_model", recipe=searched)
        assert result.statuses == {"strip": "failed", "freeze": "chosen"}, result.sentence


def _frozen_is_larger(built: saved_model_builder.LoadedSavedModel) -> int:
    return 2 if built.directory.name.startswith("freeze-") else 1


class TestOtherTags:
    """Tags of a source beside `serve`: servers look for `serve`, and are told nothing else."""

    @pytest.mark.parametrize("name", ["dense", "version_1"])
    @pytest.mark.parametrize("recipe", ["none", "forServing", {"kind": "steps", "steps": [{"step": "freeze"}]}])
    def test_do_not_reach_what_is_published(
        self, name: str, recipe: Any, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        source = with_tags(getattr(models, name), tmp_path / "tagged", ["serve", "gpu"])
        result = runs(source, format="saved_model", recipe=recipe, source={"tags": ["gpu", "serve"]})
        assert result.published
        before, after = runner_of(getattr(models, name)), runner_of(result.output / "model")
        for signature, inputs in INPUTS[name].items():
            expected, answer = before.run(signature, inputs), after.run(signature, inputs)
            for output, value in expected.items():
                assert is_close(value, answer[output], 1e-6)

    def test_of_a_model_with_several_graphs_only_the_named_one_is_published(
        self, models: SampleModels, runs: Runs, tmp_path: Path
    ) -> None:
        source = with_tags(models.dense, tmp_path / "tagged", ["train"], ["serve"])
        result = runs(source, format="saved_model", recipe="none", source={"tags": ["train"]})
        model = saved_model_pb2.SavedModel.FromString((result.output / "model" / "saved_model.pb").read_bytes())
        assert result.published
        assert [list(meta_graph.meta_info_def.tags) for meta_graph in model.meta_graphs] == [["serve"]]
        assert not any(file.is_symlink() for file in (result.output / "model").rglob("*"))


def with_tags(model: Path, destination: Path, *graphs: list[str]) -> Path:
    """Copy a SavedModel, with its graph under each of these tags."""
    copy_of(model, destination)
    file = destination / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    original = saved.meta_graphs[0]
    del saved.meta_graphs[:]
    for tags in graphs:
        original.meta_info_def.ClearField("tags")
        original.meta_info_def.tags.extend(tags)
        saved.meta_graphs.add().CopyFrom(original)
    file.write_bytes(saved.SerializeToString())
    return destination


def test_labelled_data_is_measured(models: SampleModels, runs: Runs) -> None:
    draft = runs(models.dense, models.labelled, format="saved_model", recipe="forServing").published
    assert draft.evaluation is not None
    assert draft.evaluation.outputs["probabilities"].accuracy_loss == 0
    assert [gate_result.passed for gate_result in draft.gate_results] == [True]


def test_strings_are_evaluated_too(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    np.savez(tmp_path / "text.npz", text=np.array(["a", "bb", "ccc"] * 4))
    result = runs(models.text, tmp_path / "text.npz", format="saved_model", recipe="forServing")
    assert result.published.evaluation is not None
    assert result.published.evaluation.samples == 12


@pytest.mark.parametrize(
    ("model", "recipe", "code", "text"),
    [
        ("dense", DYNAMIC_RANGE, 2, "not offered for SavedModels"),
        ("dense", "forLiteRt", 2, "the default recipe for LiteRT makes LiteRT files"),
        ("tflite", "none", 4, "cannot become a SavedModel"),
        ("noise", "none", 4, "not deterministic"),
    ],
)
def test_options_that_serving_lacks_are_refused(
    model: str, recipe: Any, code: int, text: str, request: pytest.FixtureRequest
) -> None:
    models: SampleModels = request.getfixturevalue("models")
    result: Result = request.getfixturevalue("runs")(getattr(models, model), format="saved_model", recipe=recipe)
    assert result.code == code, result.sentence
    assert text in result.sentence


def test_a_limit_on_size_is_held(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, format="saved_model", recipe="forServing", gate=gate(("maxSizeBytes", 10)))
    assert result.code == 3
    assert not (result.output / "model").exists()
