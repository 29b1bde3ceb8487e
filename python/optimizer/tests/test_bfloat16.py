from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import save, spec
from sample_jobs import gate
from tensorflow_optimizer import environment
from tensorflow_optimizer.runners import IsolatedRunner, RunError
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

WIDTH = 256
QUANTIZATION = {"step": "quantization", "mode": "bfloat16"}
BFLOAT16 = {"kind": "steps", "steps": [QUANTIZATION]}


@pytest.fixture(autouse=True)
def _without_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a job finds on most build machines, whatever runs this test."""
    monkeypatch.setattr(environment, "has_bfloat16", lambda: False)


class Wide(tf.Module):
    """Large enough for its weights to be most of its files."""

    def __init__(self) -> None:
        random = np.random.default_rng(5)
        self.first = tf.Variable(random.standard_normal((WIDTH, WIDTH)).astype(np.float32) / 16)
        self.second = tf.Variable(random.standard_normal((WIDTH, 4)).astype(np.float32) / 16)

    @tf.function(input_signature=[spec([None, WIDTH], "features")])
    def serve(self, features: Any) -> dict[str, Any]:
        return {"scores": tf.nn.softmax(4 * tf.nn.relu(features @ self.first) @ self.second)}


class TwoMatrices(tf.Module):
    """Two inputs, whose order in the function is not that of their names, and two signatures with one weight."""

    def __init__(self) -> None:
        self.weights = tf.Variable(np.arange(16, dtype=np.float32).reshape(4, 4) / 7)

    @tf.function(input_signature=[spec([None, 4], "zeta"), spec([None, 4], "alpha")])
    def both(self, zeta: Any, alpha: Any) -> dict[str, Any]:
        return {"first": zeta @ self.weights, "second": alpha @ self.weights}

    @tf.function(input_signature=[spec([None, 4], "alpha")])
    def alone(self, alpha: Any) -> dict[str, Any]:
        return {"product": alpha @ self.weights}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = Wide()
    return save(tmp_path_factory.mktemp("wide") / "model", model, serving_default=model.serve)


@pytest.fixture(scope="module")
def two_matrices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = TwoMatrices()
    place = tmp_path_factory.mktemp("two") / "model"
    return save(place, model, serving_default=model.both, alpha_only=model.alone)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("data") / "data.npz"
    np.savez(file, features=np.random.default_rng(6).standard_normal((300, WIDTH)).astype(np.float32))
    return file


def baked(runs: Runs, model: Path, data: Path | None = None, **fields: Any) -> Result:
    return runs(model, data, format="saved_model", **{"recipe": BFLOAT16, **fields})


def predict(directory: Path, inputs: dict[str, Any], signature: str = "serving_default") -> dict[str, Any]:
    runner = IsolatedRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])), onednn=False)
    try:
        return runner.run(signature, inputs)
    finally:
        runner.close()


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


def test_it_halves_the_size_keeps_the_decisions_and_says_what_processor_it_needs(
    wide: Path, data: Path, runs: Runs
) -> None:
    result = baked(runs, wide, data)
    draft = result.published
    assert result.statuses == {"bfloat16": "chosen"}
    assert size_of(result.output / "model") < size_of(wide) * 0.52
    assert draft.requirements.cpu_features == ["bf16"]
    assert not draft.unverified
    assert draft.evaluation is not None
    scores = draft.evaluation.outputs["scores"]
    assert scores.agreement is not None
    assert scores.agreement > 0.98
    assert scores.relative_error is not None
    # Rounding to eight bits shows, and a graph that was left in float32 would not show any.
    assert 1e-4 < scores.relative_error < 0.02


def test_several_inputs_and_signatures_stay_paired(two_matrices: Path, runs: Runs) -> None:
    result = baked(runs, two_matrices)
    inputs = {"zeta": np.eye(4, dtype=np.float32), "alpha": np.full((4, 4), 2, np.float32)}
    both = predict(result.output / "model", inputs)
    weights = np.arange(16, dtype=np.float32).reshape(4, 4) / 7
    expected = {"first": inputs["zeta"] @ weights, "second": inputs["alpha"] @ weights}
    assert both.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(both[name], value, rtol=0.02, atol=0.02)
    alone = predict(result.output / "model", {"alpha": inputs["alpha"]}, "alpha_only")
    np.testing.assert_allclose(alone["product"], expected["second"], rtol=0.02, atol=0.02)


def test_without_bfloat16_here_latency_is_not_measured_so_that_a_gate_on_it_fails(
    wide: Path, data: Path, runs: Runs
) -> None:
    result = baked(runs, wide, data, gate=gate(("maxLatencyRatio", 100.0)))
    assert result.code == 3
    assert "latency was not measured, so that the gate cannot pass" in result.sentence
    metrics = result.outcome.candidates[0].metrics
    assert metrics is not None
    assert metrics.latency_milliseconds is None
    assert any("no bfloat16" in text for text in result.outcome.warnings)


def test_without_data_it_is_published_as_unverified(wide: Path, runs: Runs) -> None:
    assert baked(runs, wide).published.unverified


def test_the_same_model_makes_the_same_bytes(two_matrices: Path, runs: Runs) -> None:
    first, second = (baked(runs, two_matrices).output / "model" / "saved_model.pb" for _ in range(2))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    ("model", "steps", "fields", "code", "text"),
    [
        ("dense", [QUANTIZATION, {"step": "freeze"}], {}, 2, "comes last"),
        ("dense", [{"step": "strip"}, QUANTIZATION], {}, 2, "leave Graph.strip() out"),
        ("dense", [QUANTIZATION], {"architecture": "arm64"}, 4, "for x86_64"),
        ("counter", [QUANTIZATION], {}, 4, "cannot be frozen"),
        ("fixed", [QUANTIZATION], {}, 4, "no weight of the model"),
        ("dense", [QUANTIZATION], {"format": "litert"}, 2, "use float16()"),
    ],
)
def test_what_cannot_be_baked_is_refused(
    model: str, steps: list[Any], fields: dict[str, Any], code: int, text: str, models: SampleModels, runs: Runs
) -> None:
    recipe = {"kind": "steps", "steps": steps}
    result = runs(getattr(models, model), recipe=recipe, **{"format": "saved_model", **fields})
    assert result.code == code, result.sentence
    assert text in result.sentence


def test_a_process_that_dies_is_an_error_and_no_hang(models: SampleModels) -> None:
    specs = read_signatures(read_meta_graph(models.dense, ["serve"]))
    runner = IsolatedRunner(models.dense, ["serve"], specs)
    runner._process.kill()  # noqa: SLF001 - what the system does when memory is short
    with pytest.raises(RunError, match="ended by SIGKILL"):
        runner.run("serving_default", {"features": np.zeros((1, 16), np.float32)})
