"""Number of rows that one run computes: chosen by time, and proven by the native program's own answers."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from leaf_interpreter import script
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.manifest import Batch, ModelDescription, RowsTrial, Runtime, RunTimes
from tensorflow_optimizer.proof.batches import with_batches
from tensorflow_optimizer.proof.choose_runtime import litert_library
from tensorflow_optimizer.proof.native_program import NativeProgram, RefusedError, find_program, native_program
from tensorflow_optimizer.proof.run_times import choose_batch, measure_runs
from tensorflow_optimizer.runners.describe import describe_signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tensorflow_optimizer.documents.manifest import Signature
    from tensorflow_optimizer.sandbox import Sandbox

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
        (
            times(*["LiteRT cannot load the model: reshape.cc num_input_elements != num_output_elements"] * 5),
            "a layer inside the model has a fixed number of rows, as a Flatten, a reshape or a recurrent layer",
        ),
    ],
)
def test_one_row_has_a_reason(measured: RunTimes, reason: str) -> None:
    batch = choose_batch(measured)
    assert (batch.rows, batch.least) == (1, None)
    assert reason in (batch.reason or "")


@pytest.fixture
def program() -> Path:
    found = find_program()
    if found is None:
        pytest.skip("the native program is not built: npm run setup")
    return found


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


def described(model: Any) -> tuple[bytes, ModelDescription, dict[str, Dataset]]:
    """Return a model's file, its description and data."""
    import tensorflow as tf

    content = bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
    signatures: dict[str, Signature] = describe_signatures(content, {"serving_default": True})
    rows = np.random.default_rng(0).normal(size=(5, *model.input_shape[1:])).astype(np.float32)
    name = next(iter(signatures["serving_default"].inputs))
    description = ModelDescription(
        schema_version=1,
        model="m",
        version=1,
        runtime=Runtime.NATIVE,
        default_signature="serving_default",
        signatures=signatures,
    )
    return content, description, {"serving_default": Dataset({name: rows}, True)}


def test_rows_of_a_dense_model_are_computed_at_once_and_differ_by_rounding(program: Path, sandbox: Sandbox) -> None:
    content, description, datasets = described(dense())
    with native_program(sandbox, program, litert_library(), content, description) as native:
        signatures, runs = with_batches(native, description, datasets)
    found = runs["serving_default"]
    assert [trial.rows for trial in found.rows] == list(ROWS)
    assert all(trial.ratio is not None for trial in found.rows)
    # A row of 32 takes a fifth of the time, so no load of the machine makes it take more than a row alone.
    batch = signatures["serving_default"].batch
    assert batch is not None
    assert batch.rows > 1, found
    assert found.difference is not None
    assert found.difference < 1e-4


@pytest.mark.parametrize("model", [flattening, recurrent])
def test_a_fixed_number_of_rows_within_the_model_is_the_reason_for_one(
    model: Callable[[], Any], program: Path, sandbox: Sandbox
) -> None:
    content, description, datasets = described(model())
    with native_program(sandbox, program, litert_library(), content, description) as native:
        signatures, runs = with_batches(native, description, datasets)
    batch = signatures["serving_default"].batch
    assert batch is not None
    assert batch.rows == 1
    assert "LiteRT cannot load the model" in (batch.reason or "")
    assert all(trial.refusal for trial in runs["serving_default"].rows)
    assert runs["serving_default"].row_microseconds > 0


#: Measures that several rows are sooner, and answers them one by one or not alike.
LIAR = """
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


@contextmanager
def scripted(text: str, sandbox: Sandbox, models: Any, directory: Path) -> Iterator[NativeProgram]:
    """Give a script in place of the native program."""
    program = directory / "bootstrap"
    program.write_text(script(sandbox, text))
    content = models.static_tflite.read_bytes()
    with native_program(sandbox, program, directory, content, description_of(content)) as native:
        yield native


def description_of(content: bytes) -> ModelDescription:
    signatures = describe_signatures(content, {"serving_default": True})
    return ModelDescription(
        schema_version=1,
        model="m",
        version=1,
        runtime=Runtime.NATIVE,
        default_signature="serving_default",
        signatures=signatures,
    )


def batches_by(text: str, sandbox: Sandbox, models: Any, directory: Path) -> Any:
    """Return what `with_batches` does where the native program is a script."""
    data = {"serving_default": Dataset({"features": np.ones((2, 16), np.float32)}, True)}
    with scripted(text, sandbox, models, directory) as native:
        return with_batches(native, description_of(models.static_tflite.read_bytes()), data)


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
    error: str, started: str, rows: int, reason: str | None, sandbox: Sandbox, models: Any, tmp_path: Path
) -> None:
    program = LIAR.format(error=error, started=started)
    found, runs = batches_by(program, sandbox, models, tmp_path)
    batch = found["serving_default"].batch
    assert batch is not None
    assert batch.rows == rows
    assert (batch.reason is None) == (reason is None)
    assert (reason or "") in (batch.reason or "")
    assert runs["serving_default"].threads_ratio == pytest.approx(0.6)


def test_a_measurement_that_fails_is_the_reason_for_one_row(sandbox: Sandbox, models: Any, tmp_path: Path) -> None:
    program = "import sys; sys.exit('no memory')\n"
    found, runs = batches_by(program, sandbox, models, tmp_path)
    assert (found["serving_default"].batch, runs) == (Batch(rows=1, reason="no memory"), {})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
        ("import sys; print('no such signature', file=sys.stderr); sys.exit(1)", "no such signature"),
        ("print('[{}]')", "printed"),
    ],
)
def test_a_measurement_that_fails_says_why(
    text: str, reason: str, sandbox: Sandbox, models: Any, tmp_path: Path
) -> None:
    with (
        scripted(f"{text}\n", sandbox, models, tmp_path) as native,
        pytest.raises(RefusedError, match=reason),
    ):
        measure_runs(native, [("serving_default", {"x": [[1.0]]})])


@pytest.mark.parametrize(
    "lie",
    [
        {"rows": [{"number": 1_000_000, "time": {"processor": 1, "wall": 1}, "single": {"processor": 9, "wall": 9}}]},
        {"rows": [{"number": 4, "time": {"processor": -1, "wall": 1}, "single": {"processor": 9, "wall": 9}}]},
        {"rows": [{"number": 4, "time": {"processor": 1e999, "wall": 1}, "single": {"processor": 9, "wall": 9}}]},
        {"rows": "many"},
        {"signature": "another"},
        {"single": {"time": {"processor": "soon"}}},
    ],
)
def test_a_measurement_that_cannot_be_true_is_refused(
    lie: dict[str, Any], sandbox: Sandbox, models: Any, tmp_path: Path
) -> None:
    time = {"processor": 100, "wall": 100}
    measured = {"number": 2, "time": time, "single": time}
    honest = {"signature": "serving_default", "single": measured, "rows": [], "threads": measured}
    printed = json.dumps([honest | lie])
    program = f"print({printed!r})\n"
    with scripted(program, sandbox, models, tmp_path) as native, pytest.raises(RefusedError, match=r"printed|measured"):
        measure_runs(native, [("serving_default", {"x": [[1.0]]})])
