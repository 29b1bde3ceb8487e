"""The commands `inspect` and `compare`."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import dense_data, function, spec
from sample_users import is_root
from tensorflow_optimizer.command_line.app import app
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE, find_program
from tensorflow_optimizer.runners import remote_runner
from tensorflow_optimizer.sandbox import Sandbox
from tensorflow_optimizer.sandbox.layers import LAYERS
from typer.testing import CliRunner

if TYPE_CHECKING:
    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Zygote


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "320")


@pytest.fixture(autouse=True)
def _leaves_of_one_process(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the leaves of all commands as forks of one process, in which TensorFlow has started."""
    monkeypatch.setattr("tensorflow_optimizer.sandbox.Sandbox", functools.partial(Sandbox, zygote=zygote))


def invoke(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output
    return done.output


def row(output: str, name: str) -> str:
    return next(line for line in output.splitlines() if name in line)


#: The package has a function of its name.
OPENING = importlib.import_module("tensorflow_optimizer.sources.open_source")
WEATHER = Path(__file__).parents[3] / "examples" / "weather"
LITERT, SERVING, ROWS = "LiteRT, on Lambda", "TensorFlow Serving", "rows of a run, LiteRT"


@pytest.mark.skipif(not is_root, reason="only root opens models as another user")
def test_root_opens_keras_files_as_another_user(zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tensorflow_optimizer.sandbox.Sandbox", functools.partial(Sandbox, zygote=zygote, allow_root=False)
    )
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o755)  # pytest's own are closed to other users
        monkeypatch.setattr(tempfile, "tempdir", directory)
        model = shutil.copy(WEATHER / "weather.keras", place)
        assert "temp_max: float32[?, 1]" in invoke("inspect", model)
        compared = invoke("compare", model, model, "--data", shutil.copy(WEATHER / "evaluation.npz", place))
        assert "user on" in " ".join(compared.split())
        assert [path.name for path in place.iterdir() if path.is_dir()] == []


class TestInspect:
    def test_it_prints_signatures_operators_and_what_each_path_can_do(self, models: SampleModels) -> None:
        output = invoke("inspect", models.two_signatures)
        assert "features: float32[?, 16]" in output
        assert "logits: float32[?, 4]" in output
        assert "3" in row(output, "MatMul")
        assert "default recipe, search, quantization" in row(output, LITERT)
        assert "--step freeze" in row(output, SERVING)
        assert "could" not in output

    def test_json_has_what_the_table_has_and_nothing_beside_it(self, models: SampleModels) -> None:
        found = json.loads(invoke("inspect", models.two_signatures, "--json"))
        assert found["kind"] == "saved_model"
        assert found["sizeBytes"] > 0
        assert found["operators"]["MatMul"] == 3
        assert found["signatures"]["serving_default"]["inputs"] == {
            "features": {"dtype": "float32", "shape": [None, 16]}
        }
        assert found["paths"][LITERT]["serves"] is True
        assert found["isolation"]["network"] == "on"

    def test_json_says_which_path_cannot_serve_it_and_what_it_could_do_to_files(
        self, models: SampleModels, tmp_path: Path
    ) -> None:
        found = json.loads(invoke("inspect", models.tflite, "--json"))
        assert found["paths"][SERVING]["serves"] is False
        assert found["paths"][SERVING]["detail"].startswith("TensorFlow Serving needs the SavedModel")
        model = function(tmp_path / "reader", lambda name: {"text": tf.io.read_file(name)}, spec([], "name", tf.string))
        found = json.loads(invoke("inspect", model, "--json", "--allowed-operation", "ReadFile"))
        assert found["sideEffects"] == {"ReadFile": "read any file"}

    def test_it_refuses_operators_that_touch_files_and_marks_those_that_are_allowed(self, tmp_path: Path) -> None:
        model = function(tmp_path / "reader", lambda name: {"text": tf.io.read_file(name)}, spec([], "name", tf.string))
        output = invoke("inspect", model, code=4)
        assert "ReadFile could read any file (the function" in output
        assert (
            "allowed operations: --allowed-operation NAME of `inspect`, `check`, `compare`, `predict` and `optimize`"
            in output
        )
        allowed = invoke("inspect", model, "--allowed-operation", "ReadFile")
        assert "could read any file" in row(allowed, "ReadFile")

    @pytest.mark.parametrize(
        ("model", "path", "text"),
        [
            ("text", LITERT, "if its text part can be separated from its numbers"),
            ("counter", LITERT, "only with --stateful reset_per_request"),
            ("counter", SERVING, "no --step freeze and no --step bfloat16"),
            ("tflite", SERVING, "no: TensorFlow Serving needs the SavedModel"),
            ("tflite", LITERT, "default recipe, search, quantization, distillation"),
            ("int8_tflite", LITERT, "serves it as it is, because it is quantized already"),
            ("counter_tflite", LITERT, "quantization, distillation, with --stateful reset_per_request"),
            ("keras_file", LITERT, "default recipe, search"),
        ],
    )
    def test_it_says_why_a_path_cannot(self, models: SampleModels, model: str, path: str, text: str) -> None:
        assert text in row(invoke("inspect", getattr(models, model)), path)

    @pytest.mark.parametrize(
        ("body", "dtype", "found"),
        [
            (lambda x: {"y": x * 2}, tf.float16, "(serving_default: x float16, serving_default: y float16)"),
            (lambda x: {"y": tf.cast(x, tf.bfloat16)}, tf.float32, "(serving_default: y bfloat16)"),
            (lambda x: {"y": tf.cast(x, tf.uint16)}, tf.int32, "(serving_default: y uint16)"),
            (lambda x: {"y": tf.math.real(x)}, tf.complex64, "(serving_default: x complex64)"),
        ],
    )
    def test_it_says_which_types_tensorflow_serving_takes_by_grpc_only(
        self, tmp_path: Path, body: Any, dtype: Any, found: str
    ) -> None:
        output = row(invoke("inspect", function(tmp_path / "model", body, spec([None, 2], "x", dtype))), SERVING)
        assert f"by gRPC only, its REST API has no such types {found}" in output

    def test_there_is_no_warning_for_types_that_rest_supports(self, models: SampleModels) -> None:
        assert "gRPC" not in row(invoke("inspect", models.two_signatures), SERVING)

    def test_a_lite_model_has_its_own_operators(self, models: SampleModels) -> None:
        assert "3" in row(invoke("inspect", models.tflite), "FULLY_CONNECTED")

    @pytest.mark.parametrize(
        ("model", "text"),
        [
            ("dense", "measured by `optimize`, which converts the model"),
            ("tflite", r"computes (\d+ rows at once in 0\.\d+ of|one row at a time: several rows at once save less)"),
            ("counter_tflite", "computes one row at a time: "),
        ],
    )
    def test_it_says_how_many_rows_one_run_computes(self, models: SampleModels, model: str, text: str) -> None:
        if find_program() is None:
            pytest.skip("the native program is not built: npm run setup")
        assert re.search(text, row(invoke("inspect", getattr(models, model)), ROWS))

    def test_rows_that_cannot_be_separated_have_the_reason_for_one(self, tmp_path: Path) -> None:
        if find_program() is None:
            pytest.skip("the native program is not built: npm run setup")
        import keras

        layers = keras.layers
        model = keras.Sequential([keras.Input((8, 8), batch_size=1), layers.Flatten(), layers.Dense(8)])
        file = tmp_path / "flat.tflite"
        file.write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
        found = row(invoke("inspect", file), ROWS)
        assert "computes one row at a time: a layer inside the model has a fixed number of rows" in found

    def test_open_dimensions_are_named_in_place_of_rows(self, tmp_path: Path) -> None:
        if find_program() is None:
            pytest.skip("the native program is not built: npm run setup")
        sound = tf.function(lambda x: {"y": x * 2.0}, input_signature=[tf.TensorSpec([1, None], tf.float32, name="x")])
        converter = tf.lite.TFLiteConverter.from_concrete_functions([sound.get_concrete_function()], sound)
        (tmp_path / "sound.tflite").write_bytes(converter.convert())
        found = row(invoke("inspect", tmp_path / "sound.tflite"), ROWS)
        assert "not measured: the signature" in found
        assert "has inputs with unknown dimensions ('x' is float32[1, ?])" in found

    def test_without_the_native_program_it_says_what_is_missing(
        self, models: SampleModels, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv(PROGRAM_VARIABLE, str(tmp_path / "none"))
        assert f"not measured: the native program was not found; {PROGRAM_VARIABLE} can name it" in row(
            invoke("inspect", models.tflite), ROWS
        )

    def test_names_that_look_like_markup_are_printed_unchanged(self, tmp_path: Path) -> None:
        def body(x: Any) -> dict[str, Any]:
            return {"[/b] y": x + 1.0}

        output = invoke("inspect", function(tmp_path / "marked", body, spec([None, 2], "x")))
        assert "[/b] y: float32[?, 2]" in output

    def test_a_file_that_is_not_a_model_is_bad_input(self, tmp_path: Path) -> None:
        assert "error: " in invoke("inspect", tmp_path, code=2)


class TestCompare:
    def test_equal_models_agree_in_everything(self, models: SampleModels) -> None:
        output = invoke("compare", models.dense, models.tflite, "--data", models.labelled)
        assert "100.00 %" in row(output, "agreement of probabilities")
        assert "0.00 % lost" in row(output, "accuracy of probabilities")
        assert "smaller" not in output
        assert "ms" in row(output, "latency")
        assert re.search(r"95 %: .*(faster|slower|noisy)", output)

    def test_a_worse_model_shows_what_it_loses(self, models: SampleModels, tmp_path: Path) -> None:
        def wrong(features: Any) -> dict[str, Any]:
            return {"other": tf.one_hot(tf.zeros_like(features[:, 0], tf.int32), 4)}

        model = function(tmp_path / "wrong", wrong, spec([None, 16], "values"))
        output = invoke("compare", models.dense, model, "--data", models.labelled)
        agreement = row(output, "agreement of probabilities")
        assert float(agreement.split("│")[-2].strip(" %")) < 60
        assert "lost" in row(output, "accuracy of probabilities")

    def test_json_has_both_models_figures_and_infinity_as_a_text(self, models: SampleModels, tmp_path: Path) -> None:
        found = json.loads(invoke("compare", models.dense, models.tflite, "--data", models.labelled, "--json"))
        assert found["b"]["outputs"]["probabilities"]["agreement"] == 1.0
        assert found["a"]["outputs"]["probabilities"]["accuracy"] == found["b"]["outputs"]["probabilities"]["accuracy"]
        assert found["latencyRatio"]["interval"][0] <= found["latencyRatio"]["value"]
        zero = function(tmp_path / "zero", lambda x: {"y": x * 0.0}, spec([None, 2], "x"))
        one = function(tmp_path / "one", lambda x: {"y": x}, spec([None, 2], "x"))
        np.savez(tmp_path / "data.npz", x=np.ones((8, 2), np.float32), labels=np.zeros((8, 2), np.float32))
        outputs = json.loads(invoke("compare", zero, one, "--data", tmp_path / "data.npz", "--json"))["b"]["outputs"]
        assert outputs["y"]["relativeError"] == "Infinity"

    @pytest.mark.parametrize("order", [("scores", "chances"), ("chances", "scores")])
    @pytest.mark.parametrize("columns", [1, 3])
    def test_scores_and_their_probabilities_decide_alike(
        self, tmp_path: Path, order: tuple[str, str], columns: int
    ) -> None:
        random = np.random.default_rng(0)
        weights = random.standard_normal((4, columns)).astype(np.float32)

        def scores(x: Any) -> dict[str, Any]:
            return {"y": x @ tf.constant(weights)}

        def chances(x: Any) -> dict[str, Any]:
            return {"y": tf.sigmoid(x @ tf.constant(weights))}

        bodies = {"scores": scores, "chances": chances}
        models = [function(tmp_path / name, bodies[name], spec([None, 4], "x")) for name in order]
        x = random.standard_normal((200, 4)).astype(np.float32)
        np.savez(tmp_path / "data.npz", x=x, labels=(x @ weights > 0).astype(np.int64))
        output = invoke("compare", *models, "--data", tmp_path / "data.npz")
        assert "100.00 %" in row(output, "agreement of y")
        assert row(output, "accuracy of y").count("100.00 %") == 2
        assert "compared in the form of A" in " ".join(row(output, "task of y").split())

    def test_a_model_without_numeric_answers_does_not_count_as_equal(
        self, models: SampleModels, tmp_path: Path
    ) -> None:
        def broken(features: Any) -> dict[str, Any]:
            return {"other": tf.zeros_like(features[:, :4]) / 0.0}

        model = function(tmp_path / "broken", broken, spec([None, 16], "values"))
        output = invoke("compare", models.dense, model, "--data", models.labelled)
        assert "not finite" in row(output, "relative error of probabilities")
        assert row(output, "balanced accuracy of probabilities").split("│")[-3].strip() == "0.00 %"

    def test_models_that_answer_in_other_forms_are_refused(self, models: SampleModels, tmp_path: Path) -> None:
        def fewer(features: Any) -> dict[str, Any]:
            return {"other": features[:, :3]}

        model = function(tmp_path / "fewer", fewer, spec([None, 16], "values"))
        output = " ".join(invoke("compare", models.dense, model, "--data", models.labelled, code=2).split())
        assert "at the output 'probabilities' A answers float32 of the shape [4] to a sample, and B" in output
        assert "give two models that answer alike" in output

    def test_labels_that_do_not_belong_to_the_models_are_refused(self, models: SampleModels, tmp_path: Path) -> None:
        features, labels = dense_data(60)
        np.savez(tmp_path / "other.npz", features=features, labels=labels + 10)
        output = invoke("compare", models.dense, models.dense, "--data", tmp_path / "other.npz", code=2)
        assert "but it decides between 0 and 3" in " ".join(output.split())

    def test_labels_may_be_class_names(self, models: SampleModels, tmp_path: Path) -> None:
        features, labels = dense_data(60)
        names = np.array(["ant", "bee", "cow", "dog"])
        np.savez(tmp_path / "numbered.npz", features=features, labels=labels)
        np.savez(tmp_path / "named.npz", features=features, labels=names[labels])
        (tmp_path / "classes.txt").write_text("\n".join(names))
        same = (models.dense, models.dense)
        numbered = invoke("compare", *same, "--data", tmp_path / "numbered.npz")
        named = invoke("compare", *same, "--data", tmp_path / "named.npz", "--labels", tmp_path / "classes.txt")

        def cells(output: str) -> list[str]:
            return row(output, "accuracy of probabilities").split()  # the columns of times vary in width

        assert cells(named) == cells(numbered)

    def test_models_with_other_inputs_are_refused(self, models: SampleModels) -> None:
        output = invoke("compare", models.dense, models.two_inputs, "--data", models.labelled, code=2)
        assert "the models have other inputs" in output

    def test_data_that_does_not_fit_is_refused(self, models: SampleModels, tmp_path: Path) -> None:
        np.savez(tmp_path / "other.npz", features=np.zeros((4, 3), np.float32))
        assert "error: " in invoke("compare", models.dense, models.dense, "--data", tmp_path / "other.npz", code=2)


@pytest.mark.parametrize(("command", "words"), [("inspect", "what each path can do"), ("compare", "taking turns")])
def test_help_says_what_it_is_for(command: str, words: str) -> None:
    shown = invoke(command, "--help").replace("│", " ")
    assert words in " ".join(shown.split())  # a narrow terminal breaks lines


class TestModelsOfStrangers:
    """Both commands open models as jobs do."""

    SAW_NOTHING = r"error: the spy saw \[\] as the user (\d+)"

    @pytest.mark.parametrize("command", ["inspect", "compare"])
    def test_the_layers_are_those_of_a_job_and_reported(
        self, command: str, models: SampleModels, sandbox: Sandbox
    ) -> None:
        with sandbox.leaf("leaf_interpreter:tell") as leaf:
            leaf.ask()
        data = ["--data", models.labelled] if command == "compare" else []
        output = invoke(command, *[models.tflite] * (2 if data else 1), *data)
        layers, _, hint = output.partition("opened in a sandbox: ")[2].partition("next: ")
        assert hint.startswith("cdk-tensorflow ")
        reported = " ".join(layers.split()).split("; ")
        assert [text.removesuffix(" on").partition(" off: ")[0] for text in reported] == list(LAYERS)
        # The tests' files are closed to the user that a leaf would get.
        kept = [text for text in reported if not text.startswith("user ")]
        assert kept == [f"{name} {state}" for name, state in sandbox.layers.items() if name != "user"]

    @pytest.mark.parametrize("command", ["inspect", "compare"])
    def test_who_describes_a_model_sees_no_credentials(
        self, command: str, models: SampleModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for models")
        monkeypatch.setattr(OPENING, "TASK", "hostile_leaves:spies")
        data = ["--data", models.labelled] if command == "compare" else []
        output = invoke(command, *[models.dense] * (2 if data else 1), *data, code=1)
        assert re.search(self.SAW_NOTHING, output)

    def test_who_answers_for_a_model_sees_no_credentials(
        self, models: SampleModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not for models")
        monkeypatch.setattr(remote_runner, "_TASK", "hostile_leaves:spies")
        output = invoke("compare", models.dense, models.dense, "--data", models.labelled, code=1)
        assert re.search(self.SAW_NOTHING, output)

    def test_without_a_sandbox_the_same_code_sees_them(self) -> None:
        """The control of the two tests above."""
        program = "import hostile_leaves; hostile_leaves.spies([0], None)"
        known = {"PYTHONPATH": os.pathsep.join(sys.path), "AWS_SECRET_ACCESS_KEY": "not for models"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | known, capture_output=True, text=True, check=False
        )
        assert "the spy saw ['AWS_SECRET_ACCESS_KEY', 'environ'" in done.stderr

    @pytest.mark.parametrize(
        ("task", "sentence"), [("dies", "SIGSEGV"), ("answers_nonsense", "model"), ("answers_too_much", "trust")]
    )
    @pytest.mark.parametrize("command", ["inspect", "compare"])
    def test_a_process_that_does_not_describe_a_model_ends_the_command_with_a_sentence(
        self, command: str, task: str, sentence: str, models: SampleModels, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(OPENING, "TASK", f"hostile_leaves:{task}")
        data = ["--data", models.labelled] if command == "compare" else []
        output = invoke(command, *[models.dense] * (2 if data else 1), *data, code=1)
        assert re.search(rf"^error: .*{sentence}", output)
        assert "Traceback" not in output
