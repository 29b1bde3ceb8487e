"""How many rows one run computes: chosen by time, and proven by the native program's own answers."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.manifest import Batch, ModelDescription, RowsTrial, Runtime, RunTimes
from tensorflow_optimizer.proof.batches import with_batches
from tensorflow_optimizer.proof.choose_runtime import litert_library
from tensorflow_optimizer.proof.native_program import RefusedError, executable, find_program
from tensorflow_optimizer.proof.run_times import choose_batch, measure_runs
from tensorflow_optimizer.runners.describe import describe_signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tensorflow_optimizer.documents.manifest import Signature

ROWS = (2, 4, 8, 16, 32)


def times(*ratios: float | str) -> RunTimes:
    trials = [
        RowsTrial(rows=rows, refusal=ratio) if isinstance(ratio, str) else RowsTrial(rows=rows, ratio=ratio)
        for rows, ratio in zip(ROWS, ratios, strict=False)
    ]
    return RunTimes(row_microseconds=10, rows=trials)


@pytest.mark.parametrize(
    ("ratios", "rows", "least"),
    [
        ((0.6, 0.4, 0.3, 0.2, 0.15), 32, 5),
        # Noise of less than a twentieth chooses no larger run.
        ((0.6, 0.4, 0.3, 0.29, 0.286), 8, 3),
        ((1.1, 0.9, 1.0, 0.5, "too long"), 16, 9),
        ((0.01,), 2, 1),
    ],
)
def test_the_rows_that_take_least_time_are_chosen(ratios: tuple[Any, ...], rows: int, least: int) -> None:
    assert choose_batch(times(*ratios)) == Batch(rows=rows, least=least)


@pytest.mark.parametrize(
    ("measured", "reason"),
    [
        (times(0.96, 1.0, 1.2, 1.1, 1.0), "save less than 5% of the processor time"),
        (times(*["LiteRT refuses"] * 5), "LiteRT refuses"),
        (times(0.97, "a run may take longer"), "save less than 5%"),
        (times(), "the signature has no batch"),
    ],
)
def test_one_row_has_a_reason(measured: RunTimes, reason: str) -> None:
    batch = choose_batch(measured)
    assert (batch.rows, batch.least) == (1, None)
    assert reason in (batch.reason or "")


@pytest.fixture
def program() -> Iterator[Path]:
    found = find_program()
    if found is None:
        pytest.skip("the native program is not built: npm run setup")
    with executable(found) as copy:
        yield copy


def dense() -> Any:
    import keras

    layers = [keras.layers.Dense(size, activation) for size, activation in ((512, "relu"), (512, "relu"), (8, None))]
    return keras.Sequential([keras.Input((64,), batch_size=1), *layers])


def flattening() -> Any:
    import keras

    return keras.Sequential([keras.Input((8, 8), batch_size=1), keras.layers.Flatten(), keras.layers.Dense(8)])


def recurrent() -> Any:
    import keras

    return keras.Sequential([keras.Input((4, 8), batch_size=1), keras.layers.LSTM(8), keras.layers.Dense(8)])


def described(model: Any, directory: Path) -> tuple[ModelDescription, dict[str, Dataset]]:
    """Write a model's file, and return its description and data."""
    import tensorflow as tf

    content = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    (directory / "model.tflite").write_bytes(content)
    signatures: dict[str, Signature] = describe_signatures(content, {"serving_default": True})
    rows = np.random.default_rng(0).normal(size=(5, *model.input_shape[1:])).astype(np.float32)
    name = next(iter(signatures["serving_default"].inputs))
    description = ModelDescription(
        model="m", version=1, runtime=Runtime.NATIVE, default_signature="serving_default", signatures=signatures
    )
    (directory / "model.json").write_text(description.to_json())
    return description, {"serving_default": Dataset({name: rows}, True)}


def test_rows_of_a_dense_model_are_computed_at_once_and_differ_by_rounding(program: Path, tmp_path: Path) -> None:
    description, datasets = described(dense(), tmp_path)
    signatures, runs = with_batches(program, tmp_path, litert_library(), description, datasets)
    found = runs["serving_default"]
    assert [trial.rows for trial in found.rows] == list(ROWS)
    assert all(trial.ratio is not None for trial in found.rows)
    # A row of 32 takes a fifth of the time, so no load of the machine makes it take more than a row alone.
    batch = signatures["serving_default"].batch
    assert batch is not None
    assert batch.rows > 1, found
    assert found.difference is not None
    assert found.difference < 1e-4
    assert json.loads((tmp_path / "model.json").read_text())["signatures"]["serving_default"]["batch"]["rows"] > 1


@pytest.mark.parametrize("model", [flattening, recurrent])
def test_a_fixed_number_of_rows_within_the_model_is_the_reason_for_one(
    model: Callable[[], Any], program: Path, tmp_path: Path
) -> None:
    description, datasets = described(model(), tmp_path)
    signatures, runs = with_batches(program, tmp_path, litert_library(), description, datasets)
    batch = signatures["serving_default"].batch
    assert batch is not None
    assert batch.rows == 1
    assert "LiteRT cannot load the model" in (batch.reason or "")
    assert all(trial.refusal for trial in runs["serving_default"].rows)
    assert runs["serving_default"].row_microseconds > 0


#: Measures that several rows are sooner, and answers them one by one or not alike.
LIAR = """#!{python}
import json, os, sys, urllib.request
if sys.argv[1:] == ["measure"]:
    # The text of many large rows would take longer than to run them.
    assert {{len(rows) for rows in json.load(sys.stdin)["inputs"].values()}} == {{1}}
    def time(nanoseconds): return {{"processor": nanoseconds, "wall": nanoseconds}}
    tried = lambda number, share: {{"number": number, "time": time(share), "single": time(100)}}
    found = {{"single": tried(1, 100), "rows": [tried(4, 50)], "threads": tried(2, 60)}}
    print(json.dumps([{{"signature": "serving_default", **found}}]))
    sys.exit(0)
{started}
api = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{{api}}/next") as event:
        request, body = event.headers["Lambda-Runtime-Aws-Request-Id"], json.load(event)
    rows = next(iter(body["inputs"].values()))
    answer = [[sum(row) + ({error} if len(rows) > 1 else 0)] * 4 for row in rows]
    body = json.dumps({{"outputs": answer}}).encode()
    urllib.request.urlopen(urllib.request.Request(f"{{api}}/{{request}}/response", body))
"""


def batches_by(text: str, models: Any, directory: Path) -> Any:
    """Return what `with_batches` does where the native program is a script."""
    program = directory / "bootstrap"
    program.write_text(text)
    program.chmod(0o755)
    signatures = describe_signatures(models.static_tflite.read_bytes(), {"serving_default": True})
    description = ModelDescription(
        model="m", version=1, runtime=Runtime.NATIVE, default_signature="serving_default", signatures=signatures
    )
    data = {"serving_default": Dataset({"features": np.ones((2, 16), np.float32)}, True)}
    return with_batches(program, directory, directory, description, data)


@pytest.mark.parametrize(
    ("error", "started", "rows", "reason"),
    [
        ("0", "", 4, None),
        ("1e-9", "", 4, None),
        ("0.5", "", 1, "differs where 4 rows are computed at once"),
        ("0", "print(json.dumps({'level': 'WARN', 'message': 'one by one'}), flush=True)", 1, "one by one"),
    ],
)
def test_rows_that_are_answered_otherwise_at_once_are_computed_one_by_one(
    error: str, started: str, rows: int, reason: str | None, models: Any, tmp_path: Path
) -> None:
    program = LIAR.format(python=sys.executable, error=error, started=started)
    found, runs = batches_by(program, models, tmp_path)
    batch = found["serving_default"].batch
    assert batch is not None
    assert batch.rows == rows
    assert (batch.reason is None) == (reason is None)
    assert (reason or "") in (batch.reason or "")
    assert runs["serving_default"].threads_ratio == pytest.approx(0.6)


def test_a_measurement_that_fails_is_the_reason_for_one_row(models: Any, tmp_path: Path) -> None:
    program = f"#!{sys.executable}\nimport sys; sys.exit('no memory')\n"
    found, runs = batches_by(program, models, tmp_path)
    assert (found["serving_default"].batch, runs) == (Batch(rows=1, reason="no memory"), {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("import sys; print('no such signature', file=sys.stderr); sys.exit(1)", "no such signature"),
        ("print('[{}]')", "printed"),
    ],
)
def test_a_measurement_that_fails_says_why(text: str, reason: str, tmp_path: Path) -> None:
    program = tmp_path / "bootstrap"
    program.write_text(f"#!{sys.executable}\n{text}\n")
    program.chmod(0o755)
    with pytest.raises(RefusedError, match=reason):
        measure_runs(program, tmp_path, tmp_path, [("serving_default", {"x": [[1.0]]})])
