from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data, function, spec
from sample_jobs import gate
from tensorflow_optimizer.documents.golden import GoldenRequest, GoldenRequests
from tensorflow_optimizer.proof.numpy_handler import handler_directory

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels


def golden(result: Result) -> dict[str, Any]:
    assert result.code == 0, result.sentence
    found: dict[str, Any] = json.loads((result.output / "golden.json").read_text(encoding="utf-8"))
    assert GoldenRequests.model_validate(found).to_data() == found
    return found


def test_the_function_gives_the_published_answers(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = runs(models.dense, models.labelled)
    monkeypatch.syspath_prepend(str(handler_directory()))
    import model_server
    from tensorflow_optimizer.documents.draft import describe

    (tmp_path / "model.tflite").write_bytes((result.output / "model" / "model.tflite").read_bytes())
    (tmp_path / "model.json").write_text(describe(result.published, 1).to_json(), encoding="utf-8")
    model = model_server.load(str(tmp_path))
    content = golden(result)
    assert len(content["requests"]) == 10
    for request in content["requests"]:
        answer = model.predict(content["signatureName"], {"features": request["request"]["instances"]})
        np.testing.assert_allclose(
            answer["probabilities"], request["response"]["predictions"], atol=content["relativeTolerance"]
        )


def test_a_savedmodel_has_them_as_well_and_several_inputs_are_named(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    rows = np.arange(36, dtype=np.float32).reshape(12, 3)
    np.savez(tmp_path / "data.npz", zeta=rows, alpha=rows[::-1])
    result = runs(models.two_inputs, tmp_path / "data.npz", format="saved_model", recipe="forServing")
    request = golden(result)["requests"][0]
    (instance,), (prediction,) = request["request"]["instances"], request["response"]["predictions"]
    expected = np.array(instance["zeta"]) * 2 - np.array(instance["alpha"])
    assert prediction["difference"] == expected.tolist()


def test_an_output_that_is_not_one_answer_per_row_is_asked_for_in_columns(runs: Runs, tmp_path: Path) -> None:
    def named(x: Any) -> dict[str, Any]:
        return {"scores": x * 2, "mean": tf.reduce_mean(x), "names": tf.constant(["ant", "bee", "cow"])}

    model = function(tmp_path / "named", named, spec([None, 3], "x"))
    # The last of the calls with 32 rows has 3, as many as there are names.
    np.savez(tmp_path / "data.npz", np.random.default_rng(0).standard_normal((67, 3)).astype(np.float32))
    result = runs(model, tmp_path / "data.npz", format="saved_model", recipe="forServing")
    for request in golden(result)["requests"]:
        (row,) = request["request"]["inputs"]
        outputs = request["response"]["outputs"]
        assert outputs["names"] == ["ant", "bee", "cow"]
        np.testing.assert_allclose(outputs["scores"], [np.array(row) * 2], rtol=1e-6)
        assert outputs["mean"] == pytest.approx(np.mean(row), abs=1e-6)


def test_without_data_they_hold_generated_values_with_the_functions_answers(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense)
    content = golden(result)
    assert len(content["requests"]) == 10
    for request in content["requests"]:
        (instance,), (expected,) = request["request"]["instances"], request["response"]["predictions"]
        (answer,) = result.predict({"features": np.array([instance], np.float32)}).values()
        np.testing.assert_allclose(answer[0], expected, rtol=content["relativeTolerance"])


def test_none_exist_with_state_or_without_a_model(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    np.savez(tmp_path / "counter.npz", x=np.zeros((20, 3), np.float32))
    for result in (
        runs(models.counter, tmp_path / "counter.npz", format="saved_model", recipe="forServing"),
        runs(models.dense, models.labelled, gate=gate(("maxSizeBytes", 1))),
    ):
        assert not (result.output / "golden.json").exists()


def test_they_stay_below_a_mebibyte(models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_optimizer.serving import golden_requests as requests

    whole = runs(models.dense, models.labelled)
    size = (whole.output / "golden.json").stat().st_size
    monkeypatch.setattr(requests, "_LIMIT_BYTES", size // 2)
    half = runs(models.dense, models.labelled)
    assert 0 < len(golden(half)["requests"]) < 10
    assert (half.output / "golden.json").stat().st_size < size * 0.6


def test_a_sample_above_a_mebibyte_is_kept_alone_and_the_outcome_says_so(runs: Runs, tmp_path: Path) -> None:
    result = runs(*images(tmp_path), recipe="none")
    (request,) = golden(result)["requests"]
    assert len(json.dumps(request["request"])) > 1 << 20
    assert any("1 of 10 golden requests are published" in text for text in result.outcome.warnings)


def test_a_request_that_no_function_could_accept_is_left_out_and_the_outcome_says_so(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_optimizer.serving import golden_requests as requests

    monkeypatch.setattr(requests, "_FIRST_LIMIT_BYTES", 1 << 20)
    result = runs(*images(tmp_path), recipe="none")
    assert result.code == 0
    assert not (result.output / "golden.json").exists()
    assert any("no golden requests are published: one sample" in text for text in result.outcome.warnings)


def test_of_numbers_and_an_image_is_published_what_a_function_can_take_and_answer(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorflow_optimizer.serving import golden_requests as requests

    job = {"recipe": "none", "image": {"preprocessing": "zeroToOne"}}
    model, data = images(tmp_path)
    monkeypatch.setattr(requests, "_FIRST_LIMIT_BYTES", 1 << 20)
    result = runs(model, data, **job)
    (request,) = golden(result)["requests"]
    assert request["request"]["instances"][0].keys() == {"b64"}
    assert any("0 of 10 golden requests are published" in text for text in result.outcome.warnings)
    monkeypatch.setattr(requests, "_FIRST_LIMIT_BYTES", 10)
    result = runs(model, data, **job)
    assert not (result.output / "golden.json").exists()
    assert any("no golden requests are published: one sample" in text for text in result.outcome.warnings)


def test_an_answer_that_no_function_could_send_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from tensorflow_optimizer.serving import golden_requests as requests

    request = GoldenRequest(request={"instances": [1.0]}, response={"predictions": [[0.1, 0.2]]})
    # Write 0.1 as a function does, with twenty digits.
    answer = {"y": np.array([[0.1, 0.2]], np.float32)}
    monkeypatch.setattr(requests, "_FIRST_LIMIT_BYTES", 40)
    assert not requests._is_servable(request, answer)
    monkeypatch.setattr(requests, "_FIRST_LIMIT_BYTES", 60)
    assert requests._is_servable(request, answer)


def test_numbers_are_written_with_their_own_digits(models: SampleModels, runs: Runs) -> None:
    numbers = golden(runs(models.dense, models.labelled))["requests"][0]["request"]["instances"][0]
    assert max(len(repr(number)) for number in numbers) < 14
    features = dense_data(640)[0]
    assert any(np.array_equal(np.array(numbers, np.float32), row) for row in features)


def images(directory: Path) -> tuple[Path, Path]:
    """Return a model of images, and twelve of them."""

    def body(image: Any) -> dict[str, Any]:
        return {"scores": tf.nn.softmax(tf.reduce_mean(image, axis=[1, 2]) * 10)}

    images = np.random.default_rng(2).uniform(0, 1, (12, 224, 224, 3)).astype(np.float32)
    np.savez(directory / "images.npz", image=images)
    return function(directory / "images", body, spec([None, 224, 224, 3], "image")), directory / "images.npz"


def sound(directory: Path) -> Path:
    """Return a model of one waveform, whose length is given as its shape."""

    def body(sound: Any) -> dict[str, Any]:
        parts = tf.stack([tf.reduce_sum(sound[:100]), tf.reduce_sum(sound[100:])])
        return {"scores": tf.nn.softmax(parts)}

    return function(directory / "sound", body, spec([None], "sound"))


@pytest.mark.parametrize(("format_", "recipe"), [("litert", "none"), ("saved_model", "forServing")])
def test_the_requests_of_a_model_without_a_batch_can_be_given_as_data(
    format_: str, recipe: str, runs: Runs, tmp_path: Path
) -> None:
    waves = np.random.default_rng(9).standard_normal((80, 200)).astype(np.float32)
    labels = (waves[:, 100:].sum(axis=1) > waves[:, :100].sum(axis=1)).astype(int)
    np.savez(tmp_path / "waves.npz", sound=waves, labels=labels)
    model, job = sound(tmp_path), {"source": {"inputShapes": {"sound": [200]}}, "format": format_, "recipe": recipe}
    content = golden(runs(model, tmp_path / "waves.npz", **job))
    again = tmp_path / "golden.jsonl"
    bodies = [
        {**request["request"], "label": int(np.argmax(request["response"]["outputs"]))}
        for request in content["requests"]
    ]
    again.write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    result = runs(model, again, **job)
    assert result.published.evaluation is not None
    assert result.published.evaluation.samples == 10
    assert result.published.evaluation.outputs["scores"].accuracy == 1
    assert sorted(map(str, golden(result)["requests"])) == sorted(map(str, content["requests"]))


@pytest.mark.parametrize("model", ["text", "static_tflite"])
def test_the_requests_of_texts_and_of_a_fixed_batch_can_be_given_as_data(
    model: str, models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    if model == "text":
        np.savez(tmp_path / "data.npz", text=np.array(["a", "bb", "ccc"] * 20))
        job: dict[str, Any] = {"format": "saved_model", "recipe": "forServing"}
    else:
        np.savez(tmp_path / "data.npz", features=dense_data(60)[0])
        job = {"recipe": "none"}
    content = golden(runs(getattr(models, model), tmp_path / "data.npz", **job))
    again = tmp_path / "golden.jsonl"
    again.write_text("".join(f"{json.dumps(request['request'])}\n" for request in content["requests"]))
    result = runs(getattr(models, model), again, **job)
    assert sorted(map(str, golden(result)["requests"])) == sorted(map(str, content["requests"]))


@pytest.mark.parametrize(("mode", "quantized"), [("float16", False), ("dynamicRange", True), ("fullInteger", True)])
def test_the_tolerance_covers_rounding_in_the_published_model(
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


def test_an_output_with_steps_may_be_off_by_two_of_them(models: SampleModels, runs: Runs) -> None:
    from tensorflow_optimizer.documents.manifest import LiteRtTensor, TensorQuantization
    from tensorflow_optimizer.serving.golden_requests import _tolerance

    published = runs(models.dense, models.labelled).published
    signature = published.signatures[published.default_signature]
    stepped = LiteRtTensor(dtype="int8", shape=[1, 3], quantization=TensorQuantization(scale=1 / 256, zero_point=-128))
    outputs = {name: output.model_copy(update={"tensor": stepped}) for name, output in signature.outputs.items()}
    changed = published.model_copy(
        update={"signatures": {published.default_signature: signature.model_copy(update={"outputs": outputs})}}
    )
    assert _tolerance(changed, {"probabilities": 0.02}) == pytest.approx(2 / 256 / 0.02)
