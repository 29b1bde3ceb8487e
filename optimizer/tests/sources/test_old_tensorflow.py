"""Keras files of old versions of TensorFlow answer as those versions did (tests/fixtures/old_tensorflow/make.py)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.documents.job import Identity, Packaging, Source
from tensorflow_optimizer.errors import UnsupportedError
from tensorflow_optimizer.runners import SavedModelRunner
from tensorflow_optimizer.signatures import read_signatures
from tensorflow_optimizer.sources import open_source
from tensorflow_optimizer.sources.keras_2 import adapted, is_keras_2
from tensorflow_optimizer.sources.opened import saved_model_of
from tensorflow_optimizer.sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from tensorflow_optimizer.sandbox import Sandbox

FIXTURES = Path(__file__).parents[1] / "fixtures" / "old_tensorflow"
FILES = sorted(file.name for file in FIXTURES.iterdir() if file.suffix in (".h5", ".keras"))


def record(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FIXTURES / f"{name.split('.', maxsplit=1)[0]}.json").read_text())
    return found


def answer(directory: Path, signature: str, inputs: dict[str, Any]) -> dict[str, Any]:
    runner = SavedModelRunner(directory, ["serve"], read_signatures(read_meta_graph(directory, ["serve"])))
    return runner.run(signature, inputs)


def test_each_version_has_a_recurrent_model_with_hard_sigmoid() -> None:
    versions = {record(name)["tensorflow"] for name in FILES if name.startswith(("hard_lstm", "lstm"))}
    assert versions == {"1.15.0", "2.4.4", "2.12.1", "2.15.1"}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_keras_2_answers_as_keras_2_did(name: str, tmp_path: Path, sandbox: Sandbox) -> None:
    wanted = record(name)
    source = Source(packaging=Packaging.ZIP, identity=Identity(digest="x"))
    directory = saved_model_of(open_source(sandbox, FIXTURES / name, source, tmp_path)).directory
    (found,) = read_signatures(read_meta_graph(directory, ["serve"]))["serving_default"].inputs
    rows = np.array(wanted["inputs"]["x"], np.float32)
    (outputs,) = answer(directory, "serving_default", {found: rows}).values()
    np.testing.assert_allclose(outputs, wanted["outputs"], atol=1e-5)


def test_an_argument_that_keras_3_lacks_is_left_out_or_refused() -> None:
    layer = {"class_name": "DepthwiseConv2D", "config": {"name": "depth", "groups": 1, "strides": [1, 1]}}
    assert adapted(layer)["config"] == {"name": "depth", "strides": [1, 1]}
    refused = {"class_name": "LSTM", "config": {"name": "words", "time_major": True}}
    with pytest.raises(UnsupportedError, match=r"'words' has time_major=True, .* model.save\('directory'\)"):
        adapted([refused])


def test_only_files_before_keras_3_are_changed() -> None:
    assert [is_keras_2(version) for version in (None, "2.2.4-tf", "2.15.0", "3.0.0", "10.0.0")] == [True] * 3 + [
        False
    ] * 2
