from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import save, spec
from sample_jobs import Runs, gate
from tensorflow_optimizer.candidates import saved_model_builder
from tensorflow_optimizer.processes import environment
from tensorflow_optimizer.runners import RemoteSavedModel
from tensorflow_optimizer.sandbox import LeafEndedError

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result
    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Sandbox

pytestmark = pytest.mark.slow

WIDTH = 128
WEIGHTS = np.random.default_rng(5).standard_normal((WIDTH, WIDTH)).astype(np.float32) / 12
QUANTIZATION = {"step": "quantization", "mode": "bfloat16"}


def steps(*members: Any) -> dict[str, Any]:
    return {"kind": "steps", "steps": list(members)}


BFLOAT16 = steps(QUANTIZATION)


class TwoMatrices(tf.Module):
    """Two inputs, whose order in the function is not that of their names, and two signatures with one large weight."""

    def __init__(self) -> None:
        self.weights = tf.Variable(WEIGHTS)

    @tf.function(input_signature=[spec([None, WIDTH], "zeta"), spec([None, WIDTH], "alpha")])
    def both(self, zeta: Any, alpha: Any) -> dict[str, Any]:
        return {"first": zeta @ self.weights, "second": alpha @ self.weights + zeta}

    @tf.function(input_signature=[spec([None, WIDTH], "alpha")])
    def alone(self, alpha: Any) -> dict[str, Any]:
        return {"product": alpha @ self.weights}


@pytest.fixture(scope="module")
def two_matrices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = TwoMatrices()
    place = tmp_path_factory.mktemp("two") / "model"
    return save(place, model, serving_default=model.both, alpha_only=model.alone)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "data.npz"
    random = np.random.default_rng(6)
    np.savez(file, **{name: random.standard_normal((40, WIDTH)).astype(np.float32) for name in ("zeta", "alpha")})
    return file


@pytest.fixture(scope="module")
def published(two_matrices: Path, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Baked once: each baking starts two processes with TensorFlow in them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment, "has_bfloat16", lambda: False)
        return Runs(tmp_path_factory.mktemp("baked"))(two_matrices, data, format="saved_model", recipe=BFLOAT16)


@pytest.fixture
def baked_already(published: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the model that was baked for `published`."""
    made = published.output / "model"
    monkeypatch.setattr(saved_model_builder.SavedModelCandidateBuilder, "_baked_files", lambda *_: made)
    monkeypatch.setattr(environment, "has_bfloat16", lambda: False)


def size_of(directory: Path) -> int:
    """Return the bytes of the model itself: the warm-up requests beside it are samples of the data."""
    files = [file for file in directory.rglob("*") if file.is_file() and "assets.extra" not in file.parts]
    return sum(file.stat().st_size for file in files)


def test_it_halves_the_size_and_says_what_processor_it_needs(published: Result, two_matrices: Path) -> None:
    draft = published.published
    assert published.statuses == {"bfloat16": "chosen"}
    assert size_of(published.output / "model") < size_of(two_matrices) * 0.55
    assert draft.requirements.cpu_features == ["bf16"]
    assert not draft.unverified
    assert draft.evaluation is not None
    assert draft.evaluation.latency_milliseconds is None
    for output in draft.evaluation.outputs.values():
        assert output.relative_error is not None
        # Rounding to eight bits shows; a graph that was left in float32 would show nothing.
        assert 1e-4 < output.relative_error < 0.02


def test_several_inputs_and_signatures_stay_paired(published: Result, sandbox: Sandbox) -> None:
    random = np.random.default_rng(8)
    zeta, alpha = (random.standard_normal((3, WIDTH)).astype(np.float32) for _ in range(2))
    directory = published.output / "model"
    runner = RemoteSavedModel(sandbox, directory, ["serve"], environment={"TF_ENABLE_ONEDNN_OPTS": "0"})
    both = runner.run("serving_default", {"zeta": zeta, "alpha": alpha})
    np.testing.assert_allclose(both["first"], zeta @ WEIGHTS, atol=0.05)
    np.testing.assert_allclose(both["second"], alpha @ WEIGHTS + zeta, atol=0.05)
    np.testing.assert_allclose(runner.run("alpha_only", {"alpha": alpha})["product"], alpha @ WEIGHTS, atol=0.05)
    os.kill(runner._leaf.process, signal.SIGKILL)
    # What the system does when memory is short: an error, and no hang.
    with pytest.raises(LeafEndedError, match="most likely because it ran out of memory"):
        runner.run("alpha_only", {"alpha": alpha})


@pytest.mark.usefixtures("baked_already")
def test_without_bfloat16_here_latency_is_not_measured_so_a_gate_on_it_fails(
    two_matrices: Path, data: Path, runs: Runs
) -> None:
    latency = gate(("maxLatencyRatio", 100.0))
    result = runs(two_matrices, data, format="saved_model", recipe=BFLOAT16, gate=latency)
    assert result.code == 3
    assert "latency was not measured, so that the gate cannot pass" in result.sentence
    assert any("no bfloat16" in text for text in result.outcome.warnings)


@pytest.mark.usefixtures("baked_already")
def test_without_data_it_is_published_as_unverified(two_matrices: Path, runs: Runs) -> None:
    assert runs(two_matrices, format="saved_model", recipe=BFLOAT16).published.unverified


@pytest.mark.parametrize(
    ("model", "fields", "refusal"),
    [
        ("dense", {"recipe": steps(QUANTIZATION, {"step": "freeze"})}, (2, "comes last")),
        ("dense", {"recipe": steps({"step": "strip"}, QUANTIZATION)}, (2, "leave strip out")),
        ("dense", {"architecture": "arm64"}, (4, "for x86_64")),
        ("counter", {}, (4, "cannot be frozen")),
        ("fixed", {}, (4, "no weight of the model")),
        ("dense", {"format": "litert"}, (2, "use float16 quantization")),
    ],
)
def test_unsupported_models_are_refused(
    model: str, fields: dict[str, Any], refusal: tuple[int, str], models: SampleModels, runs: Runs
) -> None:
    result = runs(getattr(models, model), **{"recipe": BFLOAT16, "format": "saved_model", **fields})
    assert (result.code, refusal[1] in result.sentence) == (refusal[0], True), result.sentence
