"""The text part of a model and its numbers: what they compute together is what the model computes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_text_models import TEXTS, columns, of_function, vectorized
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import Identity, Packaging, Source
from tensorflow_optimizer.errors import OptimizerError, UnsupportedError
from tensorflow_optimizer.processes.progress import Progress
from tensorflow_optimizer.runners import RemoteSavedModel
from tensorflow_optimizer.signatures import select_for_litert
from tensorflow_optimizer.sources import open_source, saved_model_of
from tensorflow_optimizer.text import needs_split, read_text, split_model

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Sandbox
    from tensorflow_optimizer.text import SplitModel

_TEXT = tf.TensorSpec([None, 1], tf.string)


def _split(sandbox: Sandbox, model: Path, work: Path) -> SplitModel:
    source = saved_model_of(
        open_source(sandbox, model, Source(packaging=Packaging.ZIP, identity=Identity(digest="0" * 64)), work)
    )
    selection = select_for_litert(source.specs, Source(packaging=Packaging.ZIP, identity=Identity()), with_text=True)
    assert needs_split(source, selection)
    split, _ = split_model(sandbox, source, selection, [], work, Progress())
    assert split is not None
    return split


def _texts(*texts: str) -> np.ndarray[Any, Any]:
    return np.array([[text.encode()] for text in texts], object)


def _operations(split: SplitModel) -> list[str]:
    return [step.operation for step in split.description.signatures["serving_default"].steps]


def _assert_equal(sandbox: Sandbox, split: SplitModel, inputs: dict[str, Any]) -> None:
    """Compare the original's answers with those of its numbers, which the text part makes."""
    original = RemoteSavedModel(sandbox, split.encoder.source.directory, ["serve"], ["serving_default"])
    numeric = RemoteSavedModel(sandbox, split.numeric.directory, ["serve"], ["serving_default"])
    encoded = split.encoded(Dataset(inputs, batched=True)).inputs
    expected, found = original.run("serving_default", inputs), numeric.run("serving_default", encoded)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
    for runner in (original, numeric, split.encoder):
        runner.close()


def test_a_classifier_of_texts_becomes_steps_and_numbers(sandbox: Sandbox, tmp_path: Path) -> None:
    split = _split(sandbox, vectorized(tmp_path / "model"), tmp_path)
    assert _operations(split)[:2] == ["StringLower", "StaticRegexReplace"]
    assert {"StringSplitV2", "LookupTableFindV2", "RaggedTensorToTensor"} <= set(_operations(split))
    (table,) = split.description.tables
    assert (table.entries, table.key, table.value) == (10, "string", "int64")
    assert split.selection.signatures["serving_default"].shapes == {"text_0": [1, 8]}
    _assert_equal(sandbox, split, {"text": _texts(*TEXTS)})


def test_a_table_of_categories_is_fed_with_numbers_as_they_are(sandbox: Sandbox, tmp_path: Path) -> None:
    split = _split(sandbox, columns(tmp_path / "model"), tmp_path)
    assert _operations(split) == ["LookupTableFindV2", "LookupTableFindV2"]
    part = split.description.signatures["serving_default"]
    fed = {entry.input: entry.value for entry in part.fed}
    assert part.inputs[fed["numbers"]].name == "numbers"
    inputs = {
        "city": _texts("rome", "oslo", "Rome", ""),
        "code": np.array([[12], [0], [1138], [-1]]),
        "numbers": np.arange(8, dtype=np.float32).reshape(4, 2),
    }
    _assert_equal(sandbox, split, inputs)


@pytest.mark.parametrize("mode", ["multi_hot", "count", "tf_idf"])
def test_what_layers_count_is_counted_in_the_text_part(sandbox: Sandbox, tmp_path: Path, mode: str) -> None:
    options = {"output_mode": mode, "output_sequence_length": None, "pad_to_max_tokens": True, "max_tokens": 20}
    split = _split(sandbox, vectorized(tmp_path / "model", **options), tmp_path)
    _assert_equal(sandbox, split, {"text": _texts(*TEXTS)})


@pytest.mark.parametrize("options", [{"ngrams": 2}, {"ngrams": (1, 3)}, {"split": "character"}])
def test_neighbours_and_characters_are_words_of_the_text_part(
    sandbox: Sandbox, tmp_path: Path, options: dict[str, Any]
) -> None:
    split = _split(sandbox, vectorized(tmp_path / "model", **options), tmp_path)
    assert {"StringNGrams", "UnicodeDecode"} & set(_operations(split))
    _assert_equal(sandbox, split, {"text": _texts(*TEXTS)})


def test_equal_models_are_equal_files(sandbox: Sandbox, tmp_path: Path) -> None:
    model = columns(tmp_path / "model")
    made = [_split(sandbox, model, tmp_path / str(number)) for number in range(2)]
    for name, file in made[0].files.items():
        assert file.read_bytes() == made[1].files[name].read_bytes()


def test_a_layer_without_a_length_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="output_sequence_length"):
        _split(sandbox, vectorized(tmp_path / "model", output_sequence_length=None), tmp_path)


def _transcoded(text: Any) -> dict[str, Any]:
    return {"y": tf.strings.to_hash_bucket_fast(tf.strings.unicode_transcode(text, "UTF-8", "UTF-8"), 9)}


def _in_a_loop(text: Any) -> dict[str, Any]:
    return {"y": tf.map_fn(tf.strings.to_number, text, tf.float32)}


def _with_word_boundary(text: Any) -> dict[str, Any]:
    return {"y": tf.strings.to_hash_bucket_fast(tf.strings.regex_replace(text, r"\bx", "y"), 9)}


def _lowered(text: Any) -> dict[str, Any]:
    return {"y": tf.strings.lower(text)}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (_transcoded, "UnicodeTranscode is not among"),
        (_in_a_loop, "with StringToNumber inside"),
        (_with_word_boundary, r"StaticRegexReplace has the pattern .* with \\b"),
        (_lowered, "returns strings"),
    ],
)
def test_what_is_no_step_is_refused_by_the_name_of_its_operation(
    sandbox: Sandbox, tmp_path: Path, function: Any, says: str
) -> None:
    model = of_function(function, tmp_path / "model", text=_TEXT)
    with pytest.raises(UnsupportedError, match=says):
        _split(sandbox, model, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["signatures"]["serving_default"]["steps"][0].update(inputs=[99]),
        lambda document: document["signatures"]["serving_default"]["steps"][0].update(operation="ReadFile"),
        lambda document: document["signatures"]["serving_default"]["steps"][0].update(attributes={"table": 9}),
        lambda document: document["signatures"]["serving_default"]["constants"][0].update(shape=[2]),
        lambda document: document["tables"][0].update(sha256="0" * 64),
        lambda document: document["tables"][0].update(entries=1),
        lambda document: document["tables"].pop(),
        lambda document: document.update(schemaVersion=2),
        lambda document: document.update(more=1),
    ],
)
def test_a_description_that_a_stranger_changed_is_refused(
    sandbox: Sandbox, tmp_path: Path, columns_model: Path, change: Any
) -> None:
    directory = tmp_path / "text"
    directory.mkdir()
    for file in columns_model.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    read_text(directory)
    document = json.loads((directory / "text.json").read_bytes())
    change(document)
    (directory / "text.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(OptimizerError):
        read_text(directory)


@pytest.fixture(scope="module")
def columns_model(tmp_path_factory: pytest.TempPathFactory, zygote: Any) -> Path:
    """The text part of a model of a table."""
    from tensorflow_optimizer.sandbox import Sandbox

    work = tmp_path_factory.mktemp("columns")
    with Sandbox(zygote=zygote, allow_root=True) as made:
        return _split(made, columns(work / "model"), work).directory


def test_a_layer_that_refuses_unknown_words_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    import keras

    city = keras.Input((1,), dtype="string", name="city")
    number = keras.layers.StringLookup(vocabulary=["rome", "oslo"], num_oov_indices=0)(city)
    answer = keras.layers.Flatten()(keras.layers.Embedding(2, 3)(number))
    keras.Model(city, answer).export(tmp_path / "model", verbose=False)
    with pytest.raises(UnsupportedError, match=r"it refuses some texts .*give unknown values an index of their own"):
        _split(sandbox, tmp_path / "model", tmp_path)
