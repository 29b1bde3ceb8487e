"""The command `predict` on models of this machine."""

from __future__ import annotations

import functools
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data, function, spec
from sample_text_models import columns
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.command_line.next_step import after_predict
from tensorflow_optimizer.proof.native_program import find_program
from tensorflow_optimizer.sandbox import Sandbox
from typer.testing import CliRunner, Result

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Zygote

needs_program = pytest.mark.skipif(find_program() is None, reason="the native program is not compiled")
ROWS = 5
NAMES = ["ash", "birch", "cedar", "\x1b[31mdogwood"]


@pytest.fixture(autouse=True)
def _leaves_of_one_process(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the leaves of all commands as forks of one process, in which TensorFlow has started."""
    monkeypatch.setattr("tensorflow_optimizer.sandbox.Sandbox", functools.partial(Sandbox, zygote=zygote))


@pytest.fixture
def expected(models: SampleModels) -> Any:
    """Probabilities of the first rows, as TensorFlow computes them outside of the product."""
    loaded = tf.saved_model.load(str(models.dense))
    return loaded.signatures["serving_default"](features=tf.constant(dense_data(ROWS)[0]))["probabilities"].numpy()


def run(*arguments: object, code: int = 0, given: bytes | None = None) -> Result:
    done = CliRunner().invoke(app, ["predict", *map(str, arguments)], input=given)
    assert done.exit_code == code, done.output
    return done


def documents(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def table(result: Result) -> list[list[str]]:
    *rows, last = result.stdout.splitlines()
    assert last.startswith("next: cdk-tensorflow ")
    return [line.split() for line in rows]


def json_lines(count: int = ROWS, labelled: bool = False) -> bytes:
    features, labels = dense_data(count)
    bodies = [{"instances": [row.tolist()]} for row in features]
    named = [body | ({"label": int(label)} if labelled else {}) for body, label in zip(bodies, labels, strict=True)]
    return "".join(f"{json.dumps(body)}\n" for body in named).encode()


def csv(count: int = ROWS) -> bytes:
    header = ",".join(f"features/{number}" for number in range(16))
    rows = [",".join(map(repr, row.tolist())) for row in dense_data(count)[0]]
    return "\n".join([header, *rows, ""]).encode()


@pytest.mark.parametrize("kind", ["dense", "tflite", "static_tflite"])
def test_the_answers_are_those_of_the_model(models: SampleModels, tmp_path: Path, expected: Any, kind: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes(json_lines())
    answered = documents(run(getattr(models, kind), file, "--json"))
    assert [entry["row"] for entry in answered] == [1, 2, 3, 4, 5]
    found = [entry["outputs"]["probabilities"] for entry in answered]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert [entry["classes"]["probabilities"]["class"] for entry in answered] == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize("form", ["csv", "jsonl", "npz"])
def test_rows_of_each_format_come_from_standard_input_too(models: SampleModels, expected: Any, form: str) -> None:
    arrays = io.BytesIO()
    np.savez(arrays, features=dense_data(ROWS)[0])
    given = {"csv": csv(), "jsonl": json_lines(), "npz": arrays.getvalue()}[form]
    answered = documents(run(models.tflite, "-", "--json", given=given))
    np.testing.assert_allclose([entry["outputs"]["probabilities"] for entry in answered], expected, atol=1e-6)


def test_a_table_names_classes_and_keeps_escapes_from_the_terminal(
    models: SampleModels, tmp_path: Path, expected: Any
) -> None:
    (tmp_path / "rows.jsonl").write_bytes(json_lines(labelled=True))
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    shown = run(models.tflite, tmp_path / "rows.jsonl", "--labels", tmp_path / "names.txt")
    header, *rows = table(shown)
    assert header == ["row", "label", "class", "score"]
    plain = [name.removeprefix("\x1b[31m") for name in NAMES]
    labels = dense_data(ROWS)[1]
    for number, (row, probabilities) in enumerate(zip(rows, expected, strict=True), start=1):
        top = int(probabilities.argmax())
        assert row == [str(number), str(labels[number - 1]), plain[top], f"{probabilities[top]:.4g}"]
    assert "\x1b" not in shown.stdout


def test_names_of_other_classes_are_refused(models: SampleModels, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\ne\n")
    refused = run(models.tflite, "-", "--labels", tmp_path / "names.txt", code=2, given=json_lines())
    assert "there are 5 names of classes, and no output has as many scores: 'probabilities' has (4,)" in refused.output


def test_several_outputs_and_inputs_have_their_names(models: SampleModels) -> None:
    given = b'{"instances": [{"zeta": [1, 2, 3], "alpha": [0, 0, 1]}]}\n'
    (row,) = documents(run(models.two_inputs, "-", "--json", given=given))
    assert row == {"row": 1, "outputs": {"difference": [2.0, 4.0, 5.0], "total": [7.0]}}
    header, cells, _ = run(models.two_inputs, "-", given=given).stdout.splitlines()
    assert header.split() == ["row", "difference", "total"]
    assert cells.split(maxsplit=1) == ["1", "[2, 4, 5]   [7]"]


def test_another_signature_can_be_asked(models: SampleModels, expected: Any) -> None:
    answered = documents(run(models.two_signatures, "-", "--signature", "raw", "--json", given=json_lines()))
    logits = np.array([entry["outputs"]["logits"] for entry in answered])
    powers = np.exp(logits)
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), expected, atol=1e-5)
    assert "no signature 'other'" in run(models.two_signatures, "-", "--signature", "other", code=4, given=csv()).output


def test_text_is_asked_and_answered(tmp_path: Path) -> None:
    model = function(
        tmp_path / "greeting",
        lambda name: {"said": tf.strings.join(["hello ", name])},
        spec([None, 1], "name", tf.string),
    )
    rows = documents(run(model, "-", "--json", given='name\nAda\n"\x9b31mEve"\n'.encode()))
    assert [row["outputs"]["said"] for row in rows] == [["hello Ada"], ["hello \x9b31mEve"]]
    shown = run(model, "-", given='name\n"\x9b31mEve"\n'.encode()).stdout
    assert "hello Eve" in shown
    assert "\x9b" not in shown


@needs_program
def test_a_version_that_takes_text_is_asked_by_the_native_program(tmp_path: Path) -> None:
    model, out = columns(tmp_path / "model"), tmp_path / "out"
    made = CliRunner().invoke(app, ["optimize", str(model), "--out", str(out), "--step", "float16"])
    assert made.exit_code == 0, made.output
    given = b'city,code,numbers/0,numbers/1\nrome,12,0.5,-1\n"",7,2,3\n"no such, \xc3\xa9",36,0,0\n'

    answers = [next(iter(row["outputs"].values())) for row in documents(run(out, "-", "--json", given=given))]

    serve = tf.saved_model.load(str(model)).signatures["serving_default"]
    expected = serve(
        city=tf.constant([["rome"], [""], ["no such, é"]]),
        code=tf.constant([[12], [7], [36]], tf.int64),
        numbers=tf.constant([[0.5, -1], [2, 3], [0, 0]]),
    )
    (name,) = expected
    np.testing.assert_allclose(answers, expected[name].numpy(), rtol=1e-3, atol=1e-3)
    assert "differ by more than" in run(out, "-", "--compare", model, given=given).stdout


@needs_program
def test_a_version_that_takes_text_cannot_be_asked_without_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, out = columns(tmp_path / "model"), tmp_path / "out"
    made = CliRunner().invoke(app, ["optimize", str(model), "--out", str(out), "--step", "float16"])
    assert made.exit_code == 0, made.output
    monkeypatch.setattr("tensorflow_optimizer.command_line.text_version.find_program", lambda: None)

    said = run(out, "-", code=2, given=b"city,code,numbers/0,numbers/1\nrome,12,0.5,-1\n").output
    assert "the native program was not found" in said


def test_values_that_are_no_numbers_are_valid_json(tmp_path: Path) -> None:
    model = function(tmp_path / "log", lambda x: {"log": tf.math.log(x)}, spec([None, 3], "x"))
    (row,) = documents(run(model, "-", "--json", given=b'{"instances": [[-1, 0, 1]]}'))
    assert row["outputs"]["log"] == ["NaN", "-Infinity", 0.0]


def test_a_limit_ends_before_the_rest_is_looked_at(models: SampleModels) -> None:
    given = csv() + b"1,2,3\n"
    assert len(documents(run(models.tflite, "-", "--json", "--limit", 2, given=csv()))) == 2
    assert "row 7 has 3 values, and the first row 16 columns" in run(models.tflite, "-", code=2, given=given).output


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (b"", "standard input has no rows"),
        (b" \n\n", "standard input has no rows"),
        (b"\xff\xfe\x00\x01", "is not a text in UTF-8"),
        (csv().replace(b"features/3", b"feature/3"), "the columns"),
        (csv().replace(b"\n0", b"\nx0", 1).replace(b"\n-", b"\nx-", 1), "row 2, column 'features/0' is 'x"),
        (b'{"instances": [[1, 2]]}', "have the shape [2], but the model takes [16]"),
        (b'{"instances": [[1], [1, 2]]}', "differ in shape, or a row is ragged"),
        (b'{"rows": [1]}', 'a line is a REST body with "instances" or "inputs"'),
        (b"[" * 100_000, "too many lists in each other"),
        (b"PK\x05\x06" + bytes(18), "has the arrays none"),
        (b"PK\x03\x04", "is cut short or corrupt"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_rows_that_do_not_fit_are_refused_with_their_place(models: SampleModels, given: bytes, sentence: str) -> None:
    assert sentence in run(models.tflite, "-", code=2, given=given).output


def test_what_is_not_there_is_said(models: SampleModels, tmp_path: Path) -> None:
    assert "rows.csv does not exist; give the path of rows" in run(models.tflite, tmp_path / "rows.csv", code=2).output
    assert "the source model does not exist" in run(tmp_path / "model", "-", code=2, given=csv()).output


def test_images_need_what_becomes_of_their_pixels(models: SampleModels, tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8, 1) * 3
    for name in ("one", "two"):
        (tmp_path / f"{name}.png").write_bytes(tf.io.encode_png(pixels if name == "one" else 255 - pixels).numpy())
    assert "nothing says what numbers" in run(models.keras_file, tmp_path / "one.png", code=2).output
    rows = documents(run(models.keras_file, tmp_path, "--image", "zero-to-one", "--json"))
    assert [row["file"] for row in rows] == ["one.png", "two.png"]
    expected = models.keras_model.predict(np.stack([pixels, 255 - pixels]).astype(np.float32) / 255, verbose=0)
    np.testing.assert_allclose([next(iter(row["outputs"].values())) for row in rows], expected, atol=1e-5)


def test_a_damaged_image_is_refused_by_its_name(models: SampleModels, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    assert (
        "broken.png cannot be decoded"
        in run(models.keras_file, tmp_path / "broken.png", "--image", "zero-to-one", code=2).output
    )


def test_equal_models_are_said_to_be_equal(models: SampleModels) -> None:
    output = run(models.dense, "-", "--compare", models.tflite, given=csv()).stdout
    assert output.splitlines()[0].startswith("0 of 5 rows differ by more than 0.001 of the row's greatest value")
    assert "the same class in 100.00 % of the rows" in output


def test_rows_that_differ_are_listed_and_end_with_a_code(models: SampleModels, expected: Any, tmp_path: Path) -> None:
    other = function(
        tmp_path / "other",
        lambda features: {"scores": tf.nn.softmax(tf.cast(features[:, :4], tf.float32))},
        spec([None, 16], "values"),
    )
    *rows, summary = documents(run(models.dense, "-", "--compare", other, "--json", code=3, given=csv()))
    features = dense_data(ROWS)[0][:, :4]
    powers = np.exp(features)
    theirs = powers / powers.sum(axis=1, keepdims=True)
    apart = np.abs(theirs - expected).max(axis=1)
    assert [row["row"] for row in rows] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose([row["differences"]["probabilities"] for row in rows], apart, atol=1e-6)
    np.testing.assert_allclose([row["b"]["outputs"]["probabilities"] for row in rows], theirs, atol=1e-6)
    agreement = float((theirs.argmax(axis=1) == expected.argmax(axis=1)).mean())
    found = summary["summary"]
    assert (found["rows"], found["differing"], found["tolerance"]) == (5, 5, 0.001)
    assert found["outputs"]["probabilities"]["row"] == int(apart.argmax()) + 1
    assert found["outputs"]["probabilities"]["classAgreement"] == pytest.approx(agreement)
    assert found["outputs"]["probabilities"]["largestDifference"] == pytest.approx(apart.max(), abs=1e-6)


def test_a_tolerance_says_what_is_no_difference(models: SampleModels, tmp_path: Path) -> None:
    ours, theirs = (
        function(tmp_path / name, lambda x, factor=factor: {"y": x * factor}, spec([None, 2], "x"))
        for name, factor in (("a", 1.0), ("b", 1.05))
    )
    given = b'{"instances": [[100, 1], [0, 0]]}'
    run(ours, "-", "--compare", theirs, "--tolerance", 0.1, given=given)
    shown = run(ours, "-", "--compare", theirs, code=3, given=given).stdout.splitlines()
    assert shown[0].split() == ["row", "A", "B", "difference"]
    assert shown[1].split() == ["1", "[100,", "1]", "[105,", "1.05]", "5"]
    assert shown[2].startswith("1 of 2 rows differ")


def test_models_that_answer_in_other_forms_cannot_be_compared(models: SampleModels, tmp_path: Path) -> None:
    other = function(tmp_path / "sum", lambda x: {"sum": tf.reduce_sum(x, axis=1)}, spec([None, 16], "x"))
    refused = run(models.dense, "-", "--compare", other, code=2, given=csv())
    assert "cannot be compared; give two models that answer alike" in refused.output
    two = run(models.dense, "-", "--compare", models.two_inputs, code=2, given=csv())
    assert "the models have other outputs" in two.output


def test_the_next_step_asks_another_model_about_the_same_rows(models: SampleModels, tmp_path: Path) -> None:
    rows = tmp_path / "rows of today.jsonl"
    rows.write_bytes(json_lines())
    shown = run(models.tflite, rows).stdout.splitlines()
    assert shown[-1] == (
        f"next: cdk-tensorflow predict {models.tflite} '{rows}' --compare MODEL, for the rows that another model "
        "answers otherwise"
    )
    piped = run(models.tflite, "-", given=json_lines()).stdout.splitlines()
    assert piped[-1].startswith(f"next: cdk-tensorflow predict {models.tflite} ROWS --compare MODEL")
    assert "next:" not in run(models.tflite, rows, "--json").output


def test_two_models_of_this_machine_are_measured_next(models: SampleModels, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_bytes(json_lines())
    shown = run(models.dense, rows, "--compare", models.tflite).stdout.splitlines()
    command = f"cdk-tensorflow compare {models.dense} {models.tflite} --data {rows}"
    assert shown[-1] == f"next: {command}, for accuracy and latency"
    done = CliRunner().invoke(app, command.split()[1:])
    assert done.exit_code == 0, done.output


def test_the_next_step_of_a_version_names_its_model_and_that_of_an_address_all_values(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "draft.json").write_text("{}")
    version, served = str(tmp_path), "http://localhost:8501/v1/models/m"
    assert f" {tmp_path}/model m.h5 --data" in after_predict([version, "m.h5"], "rows.csv", is_local=True)
    (tmp_path / "model" / "model.tflite").touch()
    assert f" {tmp_path}/model/model.tflite m.h5 --data" in after_predict([version, "m.h5"], "r.csv", is_local=True)
    (tmp_path / "model" / "text.json").touch()
    assert after_predict([version, "m.h5"], "r.csv", is_local=True).startswith("cdk-tensorflow predict")
    for rows, local in (("rows.csv", False), ("photo.png", True)):
        command = after_predict(["m.h5", served], rows, is_local=local)
        assert command == (
            f"cdk-tensorflow predict m.h5 {rows} --compare {served} --json, for all values of the rows that differ"
        )
