"""Graphs of TensorFlow 1 and Estimators, saved by TensorFlow 1.15, 2.4 and 2.15, keep the answers of those versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_old_models import NAMES, record_of, unpack
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs
    from sample_old_models import OldModel

pytestmark = pytest.mark.slow


def expect_answers(directory: Path, model: OldModel) -> None:
    runner = SavedModelRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])))
    for signature, inputs in model.requests.items():
        outputs = runner.run(signature, inputs)
        assert outputs.keys() == model.answers[signature].keys()
        for key, expected in model.answers[signature].items():
            expect_close(outputs[key], expected)


def expect_close(actual: Any, expected: Any, tolerance: float = 1e-5) -> None:
    if expected.dtype == object:
        assert np.asarray(actual).tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(actual, expected, atol=tolerance)


def test_each_kind_was_saved_by_an_old_and_a_newer_version() -> None:
    versions: dict[str, set[str]] = {}
    for name in NAMES:
        versions.setdefault(name.rsplit("_", 2)[0], set()).add(record_of(name)["tensorflow"])
    three = {"1.15.0", "2.4.4", "2.15.1"}
    kinds = ("control_flow", "custom", "deep", "linear", "recurrent", "words")
    assert versions == {**dict.fromkeys(kinds, three), "boosted": {"1.15.0", "2.4.4"}}


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("boosted")])
def test_stripping_keeps_the_answers_of_the_version_that_saved_the_model(name: str, runs: Runs, tmp_path: Path) -> None:
    model = unpack(name, tmp_path)
    result = runs(model.directory, format="saved_model", recipe="forServing")
    assert result.published.signatures.keys() == model.requests.keys()
    expect_answers(result.output / "model", model)


@pytest.mark.parametrize("name", ["words_1_15", "linear_2_15"])
def test_published_unchanged_a_model_keeps_its_answers_too(name: str, runs: Runs, tmp_path: Path) -> None:
    model = unpack(name, tmp_path)
    result = runs(model.directory, format="saved_model", recipe="none")
    assert result.statuses == {"none": "chosen"}
    expect_answers(result.output / "model", model)


@pytest.mark.parametrize("name", ["boosted_1_15", "boosted_2_4"])
@pytest.mark.parametrize("recipe", ["forServing", "none"])
def test_operators_that_tensorflow_has_removed_are_named(name: str, recipe: str, runs: Runs, tmp_path: Path) -> None:
    refused = runs(unpack(name, tmp_path).directory, format="saved_model", recipe=recipe)
    assert refused.code == 4
    assert "needs the operator 'BoostedTrees" in refused.sentence
    assert "train a model without it" in refused.sentence


CONVERTED = {
    **{f"control_flow_{version}": "serving_default" for version in ("1_15", "2_4", "2_15")},
    **{f"custom_{version}": "serving_default" for version in ("1_15", "2_4", "2_15")},
    **{f"recurrent_{version}": "serving_default" for version in ("2_4", "2_15")},
    **{f"words_{version}": "mix" for version in ("1_15", "2_4", "2_15")},
}


@pytest.mark.parametrize("name", CONVERTED)
def test_litert_keeps_the_answers_within_rounding(name: str, runs: Runs, tmp_path: Path) -> None:
    model, signature = unpack(name, tmp_path), CONVERTED[name]
    result = runs(model.directory, source={"signatureName": signature})
    answers = result.predict(model.requests[signature], signature)
    assert answers.keys() == model.answers[signature].keys()
    for key, expected in model.answers[signature].items():
        expect_close(answers[key], expected, tolerance=0.01)


REASONS = {
    "boosted": "needs the operator 'BoostedTrees",
    "deep": "the signature 'predict' has inputs with unknown dimensions",
    "linear": "it returns strings ('classes')",
    "words": "it returns strings ('name')",
}
WAYS_OUT = {"boosted": "train a model without it", "deep": "give the input shapes"}
REFUSED = {
    "recurrent_1_15": "operators that LiteRT does not have (TensorArray",
    **{name: reason for kind, reason in REASONS.items() for name in NAMES if name.startswith(kind)},
}


def test_every_model_is_converted_or_refused() -> None:
    assert CONVERTED.keys() | REFUSED.keys() == set(NAMES)


@pytest.mark.parametrize("name", REFUSED)
def test_litert_refuses_the_rest_with_the_reason_and_the_way_out(name: str, runs: Runs, tmp_path: Path) -> None:
    refused = runs(unpack(name, tmp_path).directory)
    assert refused.code == 4
    assert REFUSED[name] in refused.sentence
    kind = name.partition("_")[0]
    assert WAYS_OUT.get(kind, "serve the model with TensorFlow Serving") in refused.sentence


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("deep")])
def test_sparse_columns_are_refused_by_the_names_of_their_operations(name: str, runs: Runs, tmp_path: Path) -> None:
    refused = runs(unpack(name, tmp_path).directory, source={"inputShapes": {"size": [-1], "word": [-1]}})
    assert refused.code == 4
    assert "SparseFillEmptyRows is not among the operations of a text part" in refused.sentence
    assert "serve the model with TensorFlow Serving" in refused.sentence
