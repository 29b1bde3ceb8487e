"""Extras of a published SavedModel for its server: warm-up requests, and the memory that it needs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.serving import warm_up
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Result, Runs
    from sample_models import SampleModels

FILE = "assets.extra/tf_serving_warmup_requests"


def served(runs: Runs, model: Path, data: Path | None = None, **fields: Any) -> Result:
    return runs(model, data, **{"format": "saved_model", "recipe": "forServing", **fields})


def records_of(directory: Path) -> list[bytes]:
    return [record.numpy() for record in tf.data.TFRecordDataset(str(directory / FILE))]


def requests_of(directory: Path) -> list[Any]:
    """Read the file with TensorFlow Serving's own messages."""
    from tensorflow_serving.apis import prediction_log_pb2

    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records_of(directory)]
    assert all(log.WhichOneof("log_type") == "predict_log" for log in logs)
    # What these messages do not know would be lost when they are written again.
    for log in logs:
        log.DiscardUnknownFields()
    assert [log.SerializeToString(deterministic=True) for log in logs] == records_of(directory)
    return [log.predict_log.request for log in logs]


def test_ten_rows_of_the_data_warm_the_server_up(models: SampleModels, runs: Runs) -> None:
    result = served(runs, models.dense, models.labelled)
    directory = result.output / "model"
    requests = requests_of(directory)
    assert len(requests) == 10
    runner = SavedModelRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])))
    rows = np.load(models.labelled)["features"]
    for request in requests:
        assert (request.model_spec.name, request.model_spec.signature_name) == ("sample", "serving_default")
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        assert inputs["features"].shape == (1, 16)
        assert (rows == inputs["features"]).all(axis=1).any()
        assert np.isfinite(runner.run(request.model_spec.signature_name, inputs)["probabilities"]).all()


def test_strings_warm_up_too(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    np.savez(tmp_path / "text.npz", text=np.array(["a", "bb", "ccc"] * 4))
    requests = requests_of(served(runs, models.text, tmp_path / "text.npz").output / "model")
    assert {bytes(tf.make_ndarray(request.inputs["text"])[0]) for request in requests} <= {b"a", b"bb", b"ccc"}


def test_the_job_says_how_many_rows_are_published(models: SampleModels, runs: Runs) -> None:
    assert len(records_of(served(runs, models.dense, models.labelled, warmupRecords=3).output / "model")) == 3
    assert not (served(runs, models.dense, models.labelled, warmupRecords=0).output / "model" / FILE).exists()


def test_they_stay_below_a_mebibyte(models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(records_of(served(runs, models.dense, models.labelled).output / "model")[0])
    monkeypatch.setattr(warm_up, "_LIMIT_BYTES", 4 * size + 1)
    assert len(records_of(served(runs, models.dense, models.labelled).output / "model")) == 4


def test_no_rows_are_generated_and_none_change_a_model_with_state(
    models: SampleModels, runs: Runs, tmp_path: Path
) -> None:
    assert not (served(runs, models.dense).output / "model" / FILE).exists()
    np.savez(tmp_path / "counter.npz", x=np.zeros((20, 3), np.float32))
    assert not (served(runs, models.counter, tmp_path / "counter.npz").output / "model" / FILE).exists()


def test_the_models_own_requests_stay(models: SampleModels, runs: Runs, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(models.dense, model)
    (model / FILE).parent.mkdir()
    (model / FILE).write_bytes(b"the user's own")
    for recipe in ("forServing", "none"):
        assert (served(runs, model, models.labelled, recipe=recipe).output / "model" / FILE).read_bytes() == (
            b"the user's own"
        )
    alone = served(runs, model, source={"signatureName": "serving_default"})
    assert not (alone.output / "model" / FILE).exists()
    assert any("assets.extra is left out" in text for text in alone.outcome.warnings)


@pytest.mark.slow
@pytest.mark.own_process
def test_memory_and_loading_time_are_those_of_a_process_that_only_serves(models: SampleModels, runs: Runs) -> None:
    draft = served(runs, models.dense).published
    peak = draft.requirements.peak_memory_mebibytes
    assert peak is not None
    # TensorFlow alone takes more than a hundred; this process, with all that was tested in it, much more than that one.
    assert 100 < peak < 1000
    assert draft.load_milliseconds is not None
    assert draft.load_milliseconds > 0
