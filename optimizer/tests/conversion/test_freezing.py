from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import Function, function, save, spec
from sample_jobs import job_data
from tensorflow_optimizer.candidates import saved_model_builder
from tensorflow_optimizer.conversion import freeze
from tensorflow_optimizer.documents.job import Job
from tensorflow_optimizer.runners import RunError, SavedModelRunner
from tensorflow_optimizer.signatures import describe_signatures_of, freeze_problem, read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

FREEZE = {"kind": "steps", "steps": [{"step": "freeze"}]}


def frozen(runs: Runs, model: Path, data: Path | None = None) -> Result:
    return runs(model, data, format="saved_model", recipe=FREEZE)


def size_of(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dense", "two_inputs", "two_signatures", "audio", "recurrent"])
def test_a_frozen_model_answers_like_the_original_and_holds_no_variable(
    name: str, models: SampleModels, runs: Runs
) -> None:
    result = frozen(runs, getattr(models, name))
    assert result.statuses == {"freeze": "chosen", "strip": "skipped"}, result.sentence
    meta_graph = read_meta_graph(result.output / "model", ["serve"])
    graph = meta_graph.graph_def
    assert not any("VarHandle" in node.op or "ReadVariable" in node.op for node in graph.node)
    assert set(read_signatures(meta_graph)) == set(read_signatures(read_meta_graph(getattr(models, name), ["serve"])))


def test_inputs_are_paired_by_name(models: SampleModels, runs: Runs) -> None:
    result = frozen(runs, models.two_inputs)
    specs = read_signatures(read_meta_graph(result.output / "model", ["serve"]))
    runner = SavedModelRunner(result.output / "model", ["serve"], specs)
    zeta, alpha = np.full((1, 3), 5, np.float32), np.full((1, 3), 1, np.float32)
    answer = runner.run("serving_default", {"zeta": zeta, "alpha": alpha})
    np.testing.assert_array_equal(answer["difference"], zeta * 2 - alpha)


def test_weights_that_two_signatures_share_are_stored_once(models: SampleModels, runs: Runs) -> None:
    single, several = frozen(runs, models.dense), frozen(runs, models.two_signatures)
    assert size_of(several.output / "model") < 1.3 * size_of(single.output / "model")


def test_repeated_constants_are_stored_once_with_bit_for_bit_equal_answers(runs: Runs, tmp_path: Path) -> None:
    # Whole numbers: their sums are exact, in whatever order a processor's own kernels add.
    weights = tf.Variable(np.random.default_rng(3).integers(-4, 5, (64, 64)).astype(np.float32))

    @tf.function
    def block(value: Any) -> Any:
        return tf.transpose(tf.expand_dims(value, 0), [1, 0, 2])[:, 0] @ tf.transpose(weights)

    module = Function()
    module.weights = weights
    module.body = tf.function(lambda x: {"y": block(x) + block(x + 1.0) * block(x)}, [spec([None, 64], "x")])
    result = frozen(runs, save(tmp_path / "model", module, serving_default=module.body))
    assert result.statuses == {"freeze": "chosen", "strip": "skipped"}, result.sentence
    graph = read_meta_graph(result.output / "model", ["serve"]).graph_def
    constants = [node.attr["value"].tensor.SerializeToString() for node in graph.node if node.op == "Const"]
    assert len(constants) == len(set(constants))
    assert sum(len(constant) for constant in constants) < 1.1 * 64 * 64 * 4
    # The block is computed for x and for x + 1, and not for x again.
    assert sum(node.op == "MatMul" for node in graph.node) == 2
    answers = [
        SavedModelRunner(place, ["serve"], read_signatures(read_meta_graph(place, ["serve"]))).run(
            "serving_default", {"x": np.random.default_rng(4).integers(-4, 5, (5, 64)).astype(np.float32)}
        )["y"]
        for place in (tmp_path / "model", result.output / "model")
    ]
    np.testing.assert_array_equal(*answers)


def test_random_number_operators_are_not_merged(tmp_path: Path) -> None:
    def body(x: Any) -> dict[str, Any]:
        return {"y": x + tf.random.uniform([8]) - tf.random.uniform([8])}

    model = function(tmp_path / "model", body, spec([None, 8], "x"))
    specs = read_signatures(read_meta_graph(model, ["serve"]))
    freeze(model, ["serve"], list(specs.values()), tmp_path / "frozen")
    specs = read_signatures(read_meta_graph(tmp_path / "frozen", ["serve"]))
    runner = SavedModelRunner(tmp_path / "frozen", ["serve"], specs)
    assert np.abs(runner.run("serving_default", {"x": np.zeros((1, 8), np.float32)})["y"]).min() > 0


def test_an_assertion_of_the_model_still_refuses(tmp_path: Path) -> None:
    def body(x: Any) -> dict[str, Any]:
        tf.debugging.assert_less(x, 10.0)
        return {"y": x + 1.0}

    model = function(tmp_path / "model", body, spec([None], "x"))
    specs = read_signatures(read_meta_graph(model, ["serve"]))
    freeze(model, ["serve"], list(specs.values()), tmp_path / "frozen")
    specs = read_signatures(read_meta_graph(tmp_path / "frozen", ["serve"]))
    runner = SavedModelRunner(tmp_path / "frozen", ["serve"], specs)
    assert runner.run("serving_default", {"x": np.ones(1, np.float32)})["y"] == [2.0]
    with pytest.raises(RunError):
        runner.run("serving_default", {"x": np.full(1, 11, np.float32)})


def test_a_frozen_model_is_the_same_file_every_time(models: SampleModels, runs: Runs) -> None:
    first, second = (frozen(runs, models.two_inputs).output / "model" / "saved_model.pb" for _ in range(2))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("name", "reason"), [("counter", "changes its state"), ("vocabulary", "vocabulary tables")])
def test_a_model_that_cannot_be_frozen_is_stripped_and_the_job_says_so(
    name: str, reason: str, models: SampleModels, runs: Runs
) -> None:
    result = frozen(runs, getattr(models, name))
    assert result.statuses == {"freeze": "failed", "strip": "chosen"}
    assert any(reason in text and "stripped instead" in text for text in result.outcome.warnings)


def test_a_difference_falls_back_to_stripping(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model_builder, "_MAKE", "lying_builders:frozen_with_swapped_inputs")
    result = frozen(runs, models.two_inputs)
    assert result.statuses == {"freeze": "failed", "strip": "chosen"}
    assert "differs" in result.outcome.candidates[0].reason


def test_a_model_of_a_gigabyte_is_not_frozen(models: SampleModels) -> None:
    described = describe_signatures_of(read_meta_graph(models.dense, ["serve"]))
    problem = freeze_problem(described.values(), has_tables=False, size_bytes=1 << 30)
    assert problem is not None
    assert "less than 1,073,741,824" in problem


def test_freezing_and_stripping_exclude_each_other(models: SampleModels, runs: Runs) -> None:
    both = {"kind": "steps", "steps": [{"step": "strip"}, {"step": "freeze"}]}
    result = runs(models.dense, format="saved_model", recipe=both)
    assert result.code == 2
    assert "exclude each other" in result.sentence


def test_the_step_is_part_of_the_job() -> None:
    assert Job.model_validate(job_data(recipe=FREEZE)).recipe.steps[0].step == "freeze"
