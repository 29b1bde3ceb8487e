from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sample_jobs import gate
from tensorflow_optimizer.proof.prove import handler_directory, litert_library

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def golden(result: Result) -> dict[str, Any]:
    assert result.code == 0, result.sentence
    found: dict[str, Any] = json.loads((result.output / "golden.json").read_text(encoding="utf-8"))
    return found


def test_the_function_answers_them_as_they_say(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = runs(models.dense, models.labelled)
    monkeypatch.syspath_prepend(str(handler_directory()))
    import model_server
    from tensorflow_optimizer.draft import describe

    (tmp_path / "model.tflite").write_bytes((result.output / "model" / "model.tflite").read_bytes())
    (tmp_path / "model.json").write_text(describe(result.published, 1).to_json(), encoding="utf-8")
    model = model_server.load(str(tmp_path), "nano", str(litert_library()))
    content = golden(result)
    assert len(content["requests"]) == 10
    for one in content["requests"]:
        answer = model.predict(content["signatureName"], {"features": one["request"]["instances"]})
        np.testing.assert_allclose(
            answer["probabilities"], one["response"]["predictions"], atol=content["relativeTolerance"]
        )


def test_a_savedmodel_has_them_as_well_and_several_inputs_are_named(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    rows = np.arange(36, dtype=np.float32).reshape(12, 3)
    np.savez(tmp_path / "data.npz", zeta=rows, alpha=rows[::-1])
    result = runs(models.two_inputs, tmp_path / "data.npz", format="saved_model", recipe="forServing")
    one = golden(result)["requests"][0]
    (instance,), (prediction,) = one["request"]["instances"], one["response"]["predictions"]
    expected = np.array(instance["zeta"]) * 2 - np.array(instance["alpha"])
    assert prediction["difference"] == expected.tolist()


def test_there_are_none_without_real_inputs_or_with_state_or_without_a_model(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    np.savez(tmp_path / "counter.npz", x=np.zeros((20, 3), np.float32))
    for result in (
        runs(models.dense),
        runs(models.counter, tmp_path / "counter.npz", format="saved_model", recipe="forServing"),
        runs(models.dense, models.labelled, gate=gate(("maxSizeBytes", 1))),
    ):
        assert not (result.output / "golden.json").exists()


def test_they_stay_below_a_mebibyte(models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_optimizer.pipeline import golden as requests

    whole = runs(models.dense, models.labelled)
    size = (whole.output / "golden.json").stat().st_size
    monkeypatch.setattr(requests, "_LIMIT_BYTES", size // 2)
    half = runs(models.dense, models.labelled)
    assert 0 < len(golden(half)["requests"]) < 10
    assert (half.output / "golden.json").stat().st_size < size * 0.6


@pytest.mark.parametrize(("mode", "quantized"), [("float16", False), ("dynamicRange", True), ("fullInteger", True)])
def test_the_tolerance_is_what_rounding_may_change_in_the_published_model(
    models: SampleModels, runs: Runs, mode: str, quantized: bool
) -> None:
    recipe = {"kind": "steps", "steps": [{"step": "quantization", "mode": mode}]}
    result = runs(models.dense, models.labelled, recipe=recipe)
    tolerance = golden(result)["relativeTolerance"]
    assert result.published.evaluation is not None
    error = result.published.evaluation.outputs["probabilities"].relative_error
    assert error is not None
    if quantized:
        assert 0.001 < error <= tolerance <= 0.05
    else:
        assert tolerance == 0.001 >= error


def test_an_output_that_goes_in_steps_may_be_two_of_them_off(models: SampleModels, runs: Runs) -> None:
    from tensorflow_optimizer.manifest import LiteRtTensor, TensorQuantization
    from tensorflow_optimizer.pipeline.golden import _tolerance

    published = runs(models.dense, models.labelled).published
    signature = published.signatures[published.default_signature]
    stepped = LiteRtTensor(dtype="int8", shape=[1, 3], quantization=TensorQuantization(scale=1 / 256, zero_point=-128))
    outputs = {name: one.model_copy(update={"tensor": stepped}) for name, one in signature.outputs.items()}
    changed = published.model_copy(
        update={"signatures": {published.default_signature: signature.model_copy(update={"outputs": outputs})}}
    )
    assert _tolerance(changed, {"probabilities": 0.02}) == pytest.approx(2 / 256 / 0.02)
