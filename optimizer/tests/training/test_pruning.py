from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_jobs import gate
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.data.splits import split

if TYPE_CHECKING:
    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def recipe(sparsity: float, *quantization: str, **fields: Any) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"step": "pruning", "sparsity": sparsity, **fields}]
    return {"kind": "steps", "steps": steps + [{"step": "quantization", "mode": mode} for mode in quantization]}


def zeros_of(result: Result) -> float:
    """Return the share of zeros in the large weights of the published file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=(result.output / "model" / "model.tflite").read_bytes())
    interpreter.allocate_tensors()
    shares = []
    for get_tensor_detail in interpreter.get_tensor_details():
        if sorted(get_tensor_detail["shape"]) == [64, 64]:
            shares.append(float((interpreter.get_tensor(get_tensor_detail["index"]) == 0).mean()))
    return max(shares)


def agreement(result: Result) -> float:
    evaluation = result.outcome.candidates[0].metrics
    assert evaluation is not None
    value = evaluation.outputs["probabilities"].agreement
    assert value is not None
    return value


LENIENT = gate(("minAgreement", 0.01), ("maxAccuracyLoss", 0.99))


def test_without_data_the_share_is_zero_and_the_result_is_unverified(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, recipe=recipe(0.5))
    assert result.statuses == {"pruned 50% + float32": "chosen"}, result.sentence
    assert zeros_of(result) == pytest.approx(0.5, abs=0.01)
    assert result.outcome.unverified
    assert not any("become zero" in text for text in result.outcome.warnings)


def test_above_half_without_data_warns(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, recipe=recipe(0.8))
    assert any("80% of the weights become zero without evaluation data" in text for text in result.outcome.warnings)


def test_it_is_smaller_compressed_and_not_on_disk(models: SampleModels, runs: Runs) -> None:
    plain = runs(models.dense, models.labelled, recipe="none").published.evaluation
    pruned = runs(models.dense, models.labelled, recipe=recipe(0.8), gate=LENIENT).published.evaluation
    assert plain is not None
    assert pruned is not None
    assert pruned.size_bytes == pytest.approx(plain.size_bytes, rel=0.05)
    assert plain.compressed_bytes is not None
    assert pruned.compressed_bytes is not None
    assert pruned.compressed_bytes < 0.6 * plain.compressed_bytes


@pytest.mark.slow
@pytest.mark.parametrize("data", ["labelled", "unlabelled"])
def test_training_restores_accuracy_after_pruning(
    data: str, models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_optimizer.training import training_data

    limits = LENIENT if data == "labelled" else gate(("minAgreement", 0.01))
    file = getattr(models, data)
    trained = runs(models.dense, file, recipe=recipe(0.7), gate=limits)
    monkeypatch.setattr(training_data, "MINIMUM_TRAINING_SAMPLES", 10**9)
    at_once = runs(models.dense, file, recipe=recipe(0.7), gate=limits)
    assert zeros_of(trained) == pytest.approx(zeros_of(at_once), abs=0.01)
    assert agreement(trained) > agreement(at_once) + 0.01


def test_zeros_survive_the_quantization(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, models.labelled, recipe=recipe(0.5, "dynamicRange"), gate=LENIENT)
    assert result.statuses == {"pruned 50% + dynamicRange": "chosen"}
    assert zeros_of(result) > 0.5 - 0.01


@pytest.mark.slow
def test_the_same_job_makes_the_same_bytes(models: SampleModels, runs: Runs) -> None:
    first, second = (
        (runs(models.dense, models.labelled, recipe=recipe(0.5), gate=LENIENT).output / "model" / "model.tflite")
        for _ in range(2)
    )
    assert first.read_bytes() == second.read_bytes()


def test_a_loss_that_is_not_a_number_ends_the_training_and_not_the_job(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tensorflow_optimizer.training.trainer._LEAF", "lying_builders")
    result = runs(models.dense, models.labelled, recipe=recipe(0.5), gate=LENIENT)
    assert result.code == 0
    assert any("training after pruning was given up" in text for text in result.outcome.warnings)
    assert zeros_of(result) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("steps", "fields", "words"),
    [
        (
            [{"step": "quantization", "mode": "float16"}, {"step": "pruning", "sparsity": 0.5}],
            {},
            "use pruning, float16 quantization",
        ),
        ([{"step": "pruning", "sparsity": 0.5}, {"step": "pruning", "sparsity": 0.6}], {}, "prunes twice"),
    ],
)
def test_an_illegal_order_names_the_legal_one(
    steps: list[dict[str, Any]], fields: dict[str, Any], words: str, models: SampleModels, runs: Runs
) -> None:
    result = runs(models.dense, recipe={"kind": "steps", "steps": steps}, **fields)
    assert result.code == 2
    assert words in result.sentence


def test_a_model_without_variables_has_nothing_to_prune(models: SampleModels, runs: Runs) -> None:
    result = runs(models.regression, recipe=recipe(0.5))
    assert result.code == 4
    assert "no weight matrices in variables" in result.sentence


def test_the_training_split_is_disjoint_from_the_others() -> None:
    rows = np.arange(1000)
    parts = split(Dataset({"x": rows}, batched=True), 3, calibrate=True, select=True, train=True)
    sets = [
        set(entry.inputs["x"].tolist()) for entry in (parts.calibration, parts.selection, parts.gate, parts.training)
    ]
    assert all(sets)
    assert sum(map(len, sets)) == len(set().union(*sets)) == len(rows)
