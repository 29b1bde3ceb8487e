"""Models that cannot be stripped are published as they are, unless the recipe has the step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_jobs import STRIP, gate, job_data
from tensorflow_optimizer.candidates import saved_model_builder
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.report.write import write_report
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

FREEZE = {"kind": "steps", "steps": [{"step": "freeze"}]}
X = {"x": np.arange(6, dtype=np.float32).reshape(2, 3)}


@pytest.fixture(scope="module")
def unlisted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graph of TensorFlow 1 whose variable is in a collection of its own, as libraries of layers had them.

    It restores its variable, but nothing in the graph tells which of its nodes are variables.
    """
    v1 = tf.compat.v1
    directory = tmp_path_factory.mktemp("unlisted") / "model"
    with v1.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        x = v1.placeholder(tf.float32, [None, 3], name="x")
        initial = np.eye(3, dtype=np.float32) * 3
        weights = v1.get_variable("w", initializer=initial, use_resource=False, collections=["layers"])
        y = tf.matmul(x, weights, name="y")
        session.run(weights.initializer)
        info = v1.saved_model.build_tensor_info
        signature = v1.saved_model.build_signature_def({"x": info(x)}, {"y": info(y)}, "tensorflow/serving/predict")
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(
            session, ["serve"], {"serving_default": signature}, saver=v1.train.Saver([weights])
        )
        builder.save()
    return directory


def answers_of(directory: Path, inputs: dict[str, Any]) -> dict[str, Any]:
    runner = SavedModelRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])))
    return runner.run("serving_default", inputs)


def expect_the_original(result: Result, source: Path, inputs: dict[str, Any], reason: str) -> None:
    assert result.published.candidate == "none", result.sentence
    (stripped,) = (candidate for candidate in result.published.candidates if candidate.name == "strip")
    assert (stripped.status.value, reason in stripped.reason) == ("failed", True), stripped.reason
    (warning,) = (entry for entry in result.outcome.warnings if "published unstripped" in entry)
    assert reason in warning
    assert warning.endswith("; the model is published unstripped instead, which changes no answer")
    for file in (entry for entry in source.rglob("*") if entry.is_file()):
        assert (result.output / "model" / file.relative_to(source)).read_bytes() == file.read_bytes()
    expected, answer = answers_of(source, inputs), answers_of(result.output / "model", inputs)
    assert expected.keys() == answer.keys()
    for output, value in expected.items():
        np.testing.assert_array_equal(answer[output], value)


def test_a_graph_whose_variables_no_collection_lists_is_published_unstripped(unlisted: Path, runs: Runs) -> None:
    result = runs(unlisted, format="saved_model", recipe="forServing")
    expect_the_original(
        result,
        unlisted,
        X,
        "what TensorFlow made of the model is not whole: the SavedModel is incomplete: variables/variables.index is "
        "missing",
    )
    np.testing.assert_allclose(answers_of(result.output / "model", X)["y"], X["x"] * 3)


def test_the_report_says_why_it_is_unstripped(unlisted: Path, runs: Runs, tmp_path: Path) -> None:
    result = runs(unlisted, format="saved_model", recipe="forServing")
    write_report(tmp_path, Job.model_validate(job_data(format="saved_model")), result.outcome, result.draft)
    for name in ("report.html", "report.json", "model-card.md"):
        text = (tmp_path / "report" / name).read_text(encoding="utf-8")
        assert "the model is published unstripped instead" in text, name


def test_where_the_recipe_has_the_step_the_job_ends_with_the_way_out(unlisted: Path, runs: Runs) -> None:
    result = runs(unlisted, format="saved_model", recipe=STRIP)
    assert result.code == 4
    assert "what TensorFlow made of the model is not whole" in result.sentence
    assert result.sentence.endswith("; serve it as it is, with the recipe that changes nothing")
    assert result.outcome.hints == [Hint.RECIPE_UNCHANGED]
    assert result.statuses == {"strip": "failed"}


def test_a_model_that_can_be_neither_frozen_nor_stripped_is_published_as_it_is(
    unlisted: Path, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model_builder, "_MAKE", "lying_builders:never_frozen")
    result = runs(unlisted, format="saved_model", recipe=FREEZE)
    assert result.statuses == {"freeze": "failed", "strip": "failed", "none": "chosen"}, result.sentence
    assert [warning.rsplit("; ", 1)[1] for warning in result.outcome.warnings if "instead" in warning] == [
        "it is stripped instead, which changes no answer",
        "the model is published unstripped instead, which changes no answer",
    ]


def test_a_gate_judges_the_unstripped_model_too(unlisted: Path, runs: Runs) -> None:
    result = runs(unlisted, format="saved_model", recipe="forServing", gate=gate(("maxSizeBytes", 10)))
    assert result.code == 3
    assert result.statuses == {"strip": "failed", "none": "rejected"}
    assert not (result.output / "model").exists()


def test_a_stripped_model_that_the_gate_refuses_is_not_published_unstripped(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, format="saved_model", recipe="forServing", gate=gate(("maxSizeBytes", 10)))
    assert result.statuses == {"strip": "rejected"}


def test_a_stripped_model_that_answers_differently_is_not_published(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model_builder, "_MAKE", "lying_builders:swapped_inputs")
    inputs = {"zeta": np.ones((2, 3), np.float32), "alpha": np.zeros((2, 3), np.float32)}
    reason = "the stripped model is another one: its output 'difference'"
    result = runs(models.two_inputs, format="saved_model", recipe="forServing")
    expect_the_original(result, models.two_inputs, inputs, reason)
    refused = runs(models.two_inputs, format="saved_model", recipe=STRIP)
    assert refused.code == 4
    assert reason in refused.sentence
    assert refused.outcome.hints == [Hint.RECIPE_UNCHANGED]


@pytest.mark.parametrize("error", ["value_error", "assertion_error"])
def test_a_model_that_tensorflow_cannot_save_again_is_published_unstripped(
    error: str, models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = models.dense
    monkeypatch.setattr(saved_model_builder, "_MAKE", f"lying_builders:never_saved_{error}")
    features = {"features": np.linspace(-1, 1, 32).reshape(2, 16).astype(np.float32)}
    result = runs(source, format="saved_model", recipe="forServing")
    expect_the_original(result, source, features, "cannot save the model again, without what serving does not need")
    refused = runs(source, format="saved_model", recipe=STRIP)
    assert refused.code == 4
    assert "'untracked' resource.); serve it as it is, with the recipe that changes nothing" in refused.sentence


def test_a_model_of_tensorflow_1_that_cannot_be_saved_again_is_published_unstripped(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model_builder, "_MAKE", "lying_builders:never_saved_version_1")
    result = runs(models.version_1, format="saved_model", recipe="forServing")
    expect_the_original(result, models.version_1, X, "(tuple index out of range)")
