from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from sample_functions import copy_of, truncate
from tensorflow_optimizer.documents.job import Identity, Packaging, Source
from tensorflow_optimizer.errors import BadInputError, ExitCode, OptimizerError, UnsupportedError
from tensorflow_optimizer.sources import OpenedSource, SourceKind, locate, open_source

if TYPE_CHECKING:
    from pathlib import Path

    from sample_models import SampleModels
    from tensorflow_optimizer.sandbox import Sandbox


def opened(path: Path, work: Path, **fields: Any) -> OpenedSource:
    source = Source(packaging=Packaging.ZIP, identity=Identity(digest="x"), **fields)
    return open_source(_SANDBOX[-1], path, source, work)


_SANDBOX: list[Sandbox] = []


@pytest.fixture(autouse=True)
def _leaves(sandbox: Sandbox) -> None:
    _SANDBOX.append(sandbox)


def refusal(path: Path, work: Path, **fields: Any) -> OptimizerError:
    with pytest.raises(OptimizerError) as caught:
        opened(path, work, **fields)
    return caught.value


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("dense", SourceKind.SAVED_MODEL),
        ("version_1", SourceKind.SAVED_MODEL),
        ("keras_file", SourceKind.KERAS),
        ("h5_file", SourceKind.H5),
        ("tflite", SourceKind.TFLITE),
    ],
)
def test_every_kind_of_model_is_recognized(name: str, kind: SourceKind, models: SampleModels, tmp_path: Path) -> None:
    found = opened(getattr(models, name), tmp_path)
    assert found.kind is kind
    assert len(found.digest) == 64


def test_the_content_decides_not_the_name(models: SampleModels, tmp_path: Path) -> None:
    renamed = tmp_path / "model.keras"
    renamed.write_bytes(models.tflite.read_bytes())
    assert locate(renamed).kind is SourceKind.TFLITE


def test_a_directory_that_holds_one_model_works_like_the_model(models: SampleModels, tmp_path: Path) -> None:
    inside = tmp_path / "outer" / "1"
    copy_of(models.dense, inside)
    (tmp_path / "outer" / "README.md").write_text("about the model")
    assert locate(tmp_path / "outer").path == inside


def test_a_directory_with_one_file_works_like_the_file(models: SampleModels, tmp_path: Path) -> None:
    (tmp_path / "conv.h5").write_bytes(models.h5_file.read_bytes())
    assert locate(tmp_path).kind is SourceKind.H5


def test_two_models_in_one_directory_are_named_and_refused(models: SampleModels, tmp_path: Path) -> None:
    copy_of(models.dense, tmp_path / "one")
    copy_of(models.dense, tmp_path / "two")
    with pytest.raises(BadInputError, match=r"2 models \(one, two\)"):
        locate(tmp_path)


def test_the_digest_identifies_the_files_that_were_read(models: SampleModels, tmp_path: Path) -> None:
    copy = copy_of(models.dense, tmp_path / "copy")
    first = opened(copy, tmp_path).digest
    (copy / "notes.txt").write_text("read by nobody")
    assert opened(copy, tmp_path).digest == first == opened(models.dense, tmp_path).digest
    assert opened(models.two_inputs, tmp_path).digest != first


def test_the_version_that_saved_a_model_is_known(models: SampleModels, tmp_path: Path) -> None:
    import tensorflow as tf

    assert opened(models.dense, tmp_path).tensorflow_version == tf.__version__


class TestDamagedSavedModels:
    """Exit code 2, and the way out is to copy it again."""

    def check(self, directory: Path, work: Path, expected: str) -> None:
        error = refusal(directory, work)
        assert error.exit_code is ExitCode.BAD_INPUT
        assert expected in str(error)

    def test_an_empty_directory(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        self.check(tmp_path / "empty", tmp_path, "is empty; give a SavedModel directory")

    def test_a_directory_without_a_model(self, tmp_path: Path) -> None:
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_bytes(b"\xff\xd8\xff")
        self.check(tmp_path / "photos", tmp_path, "holds no model, but cat.jpg")

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        self.check(tmp_path / "nowhere", tmp_path, "does not exist")

    def test_saved_model_pb_is_missing(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        (copy / "saved_model.pb").unlink()
        self.check(copy, tmp_path, "saved_model.pb is not; copy the whole directory again")

    def test_saved_model_pb_is_empty(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        (copy / "saved_model.pb").write_bytes(b"")
        self.check(copy, tmp_path, "saved_model.pb is empty (0 bytes)")

    def test_saved_model_pb_is_cut_short(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        truncate(copy / "saved_model.pb", 0.5)
        self.check(copy, tmp_path, "saved_model.pb is cut short or corrupt")

    def test_the_variables_are_missing(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        for file in (copy / "variables").iterdir():
            file.unlink()
        self.check(copy, tmp_path, "variables/variables.index is missing")

    def test_the_shard_is_missing(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        (copy / "variables" / "variables.data-00000-of-00001").unlink()
        self.check(copy, tmp_path, "variables/variables.data-00000-of-00001 is missing")

    def test_one_shard_of_two_is_missing(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        shard = copy / "variables" / "variables.data-00000-of-00001"
        shard.rename(shard.with_name("variables.data-00000-of-00002"))
        self.check(copy, tmp_path, "variables/variables.data-00001-of-00002 is missing")

    def test_a_shard_is_cut_short(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        truncate(copy / "variables" / "variables.data-00000-of-00001", 0.5)
        self.check(copy, tmp_path, "variables are cut short or corrupt")

    def test_a_shard_has_other_bytes(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.dense, tmp_path / "copy")
        shard = copy / "variables" / "variables.data-00000-of-00001"
        content = bytearray(shard.read_bytes())
        content[40] ^= 0xFF
        shard.write_bytes(content)
        self.check(copy, tmp_path, "variables are cut short or corrupt")

    def test_an_asset_is_missing(self, models: SampleModels, tmp_path: Path) -> None:
        copy = copy_of(models.vocabulary, tmp_path / "copy")
        (copy / "assets" / "words.txt").unlink()
        self.check(copy, tmp_path, "assets/words.txt is missing")


@pytest.mark.parametrize("name", ["keras_file", "h5_file"])
def test_a_keras_file_that_was_cut_short_is_refused(name: str, models: SampleModels, tmp_path: Path) -> None:
    file = getattr(models, name)
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    error = refusal(copy, tmp_path)
    assert error.exit_code is ExitCode.BAD_INPUT
    assert "cut short or corrupt" in str(error)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"")
    assert "is empty (0 bytes)" in str(refusal(tmp_path / "model.tflite", tmp_path))


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.tflite"])
def test_a_file_whose_content_contradicts_its_name_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"<html>404 not found</html>")
    error = refusal(tmp_path / name, tmp_path)
    assert error.exit_code is ExitCode.BAD_INPUT
    assert "its content is not that of" in str(error)


class TestModelsThatAreNone:
    """Exit code 4, and the sentence names the way out."""

    def check(self, path: Path, work: Path, *expected: str, **fields: Any) -> None:
        error = refusal(path, work, **fields)
        assert error.exit_code is ExitCode.UNSUPPORTED
        for text in expected:
            assert text in str(error)

    def test_weights_only(self, models: SampleModels, tmp_path: Path) -> None:
        self.check(models.weights_file, tmp_path, "weights without the model", "model.export('directory')")

    def test_a_checkpoint(self, models: SampleModels, tmp_path: Path) -> None:
        checkpoint = tmp_path / "checkpoint"
        checkpoint.mkdir()
        for file in (models.dense / "variables").iterdir():
            (checkpoint / file.name).write_bytes(file.read_bytes())
        self.check(checkpoint, tmp_path, "is a checkpoint", "model.export('directory')")

    def test_a_frozen_graph(self, models: SampleModels, tmp_path: Path) -> None:
        self.check(models.frozen, tmp_path, "model.pb is a frozen graph", "tf.saved_model.save")

    def test_a_frozen_graph_called_saved_model(self, models: SampleModels, tmp_path: Path) -> None:
        (tmp_path / "graph").mkdir()
        (tmp_path / "graph" / "saved_model.pb").write_bytes(models.frozen.read_bytes())
        self.check(tmp_path / "graph", tmp_path, "saved_model.pb is a frozen graph")

    @pytest.mark.parametrize("name", ["lambda_keras", "lambda_h5"])
    def test_python_code_in_a_keras_file(self, name: str, models: SampleModels, tmp_path: Path) -> None:
        self.check(getattr(models, name), tmp_path, "Python code", "'double'", "model.export('directory')")

    def test_custom_objects(self, models: SampleModels, tmp_path: Path) -> None:
        self.check(models.custom_keras, tmp_path, "custom objects (Twice)", "model.export('directory')")

    def test_other_tags(self, models: SampleModels, tmp_path: Path) -> None:
        self.check(
            models.dense, tmp_path, "no graph with the tags ['gpu', 'serve'], but ['serve']", tags=["serve", "gpu"]
        )

    def test_a_model_of_another_framework(self, tmp_path: Path) -> None:
        (tmp_path / "model.onnx").write_bytes(b"\x08\x07\x12\x07")
        self.check(tmp_path / "model.onnx", tmp_path, "a model of ONNX, not of TensorFlow")


def test_code_in_a_keras_file_is_never_run(models: SampleModels, tmp_path: Path) -> None:
    import keras

    ran = []
    original = keras.layers.Lambda.from_config
    keras.layers.Lambda.from_config = lambda *_, **__: ran.append(1)
    try:
        for file in (models.lambda_keras, models.lambda_h5):
            with pytest.raises(UnsupportedError):
                opened(file, tmp_path)
    finally:
        keras.layers.Lambda.from_config = original
    assert not ran


def test_a_zip_of_a_savedmodel_says_to_unpack_it(models: SampleModels, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.write(models.dense / "saved_model.pb", "saved_model.pb")
    assert "unpack it" in str(refusal(tmp_path / "model.zip", tmp_path))
