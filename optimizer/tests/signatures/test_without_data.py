"""Signatures beside the default one, which no evaluation data can be given for: what is published of them is gated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf
from sample_functions import FEATURES, Dense, save, spec
from sample_jobs import DYNAMIC_RANGE, FULL_INTEGER, STRIP, gate
from tensorflow_optimizer.hints import Hint

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_models import SampleModels


def with_signature(directory: Path, weights: Dense, body: Any) -> Path:
    """Save the dense model with another signature, which has weights of its own."""
    model = Dense()
    model.weights = weights
    model.other = tf.function(body, input_signature=[spec([None, FEATURES], "features")])
    return save(directory, model, serving_default=model.serve, other=model.other)


@pytest.fixture(scope="module")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model whose default signature bears int8, and whose other one does not."""
    weights = Dense(outlier=500.0)
    place = tmp_path_factory.mktemp("fragile") / "model"
    return with_signature(place, weights, lambda features: {"z": weights.logits(features)})


@pytest.fixture(scope="module")
def deciding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model whose other signature answers the number of a class."""
    weights = Dense()
    place = tmp_path_factory.mktemp("deciding") / "model"
    return with_signature(place, weights, lambda features: {"class": tf.argmax(weights.logits(features), axis=-1)})


def test_a_candidate_that_breaks_a_signature_is_refused(fragile: Path, models: SampleModels, runs: Runs) -> None:
    result = runs(fragile, models.labelled)
    assert result.statuses == {"dynamicRange": "rejected", "float16": "chosen", "float32": "skipped"}
    assert "relative error of 'other/z'" in result.outcome.candidates[0].reason
    assert not result.published.unverified


def test_its_error_can_be_allowed(fragile: Path, models: SampleModels, runs: Runs) -> None:
    allowed = gate(("maxAccuracyLoss", 0.01), ("maxRelativeError", 1000))
    assert runs(fragile, models.labelled, gate=allowed).statuses["dynamicRange"] == "chosen"


def test_a_signature_that_tolerates_it_is_quantized_like_the_default_one(models: SampleModels, runs: Runs) -> None:
    draft = runs(models.two_signatures, models.labelled).published
    assert draft.candidate == "dynamicRange"
    assert {gate_result.rule: gate_result.limit for gate_result in draft.gate_results} == {
        "maxAccuracyLoss": 0.01,
        "maxRelativeError": 0.05,
    }
    assert not draft.unverified


@pytest.mark.parametrize("model_format", ["litert", "saved_model"])
def test_a_signature_that_answers_like_the_default_one_is_judged_by_its_data(
    model_format: str, models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    """Save one function under two names, as Keras exports a model."""
    model = Dense()
    again = tf.function(
        lambda features: {"probabilities": tf.nn.softmax(model.logits(features))}, [spec([None, FEATURES], "features")]
    )
    model.again = again
    source = save(tmp_path / "model", model, serving_default=model.serve, serve=again)
    pruned = {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.3, "schedule": "atOnce", "epochs": 1}]}
    result = runs(source, models.labelled, format=model_format, recipe=pruned, gate=gate(("maxAccuracyLoss", 0.3)))
    draft = result.published
    assert [gate_result.rule for gate_result in draft.gate_results] == ["maxAccuracyLoss"]
    assert draft.evaluation is not None
    assert (draft.evaluation.outputs["serve/probabilities"].relative_error or 0) > 0.05
    assert not draft.unverified


def test_a_signature_that_is_left_out_is_not_required(models: SampleModels, runs: Runs) -> None:
    draft = runs(models.two_signatures, models.labelled, recipe=FULL_INTEGER).published
    assert [gate_result.rule for gate_result in draft.gate_results] == ["maxAccuracyLoss"]


@pytest.mark.parametrize(
    ("fields", "unverified"),
    [
        ({"recipe": DYNAMIC_RANGE}, True),
        ({"recipe": "none"}, False),
        ({"recipe": STRIP, "format": "saved_model"}, False),
        ({"recipe": {"kind": "steps", "steps": [{"step": "pruning", "sparsity": 0.1}]}, "format": "saved_model"}, True),
    ],
)
def test_a_signature_that_cannot_be_compared_is_published_as_unverified(
    fields: dict[str, Any], unverified: bool, deciding: Path, models: SampleModels, runs: Runs
) -> None:
    result = runs(deciding, models.labelled, gate=gate(("maxAccuracyLoss", 0.5)), **fields)
    assert result.published.unverified is unverified
    warned = [warning for warning in result.outcome.warnings if "published unverified" in warning]
    assert len(warned) is int(unverified)
    assert all("at 'other'" in entry and "publish one signature" in entry for entry in warned)
    assert (Hint.SIGNATURE in result.outcome.warning_hints) is unverified
