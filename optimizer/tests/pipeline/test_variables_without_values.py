"""SavedModels of Keras 3 whose variables TensorFlow Serving would not restore."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import numpy as np
import pytest
import tensorflow as tf
from sample_jobs import STRIP

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("saved") / "scorer"
    model = keras.Sequential([keras.Input((3,), name="features"), keras.layers.Dense(2, name="scores")])
    score = tf.function(
        lambda features: {"scores": model(features)}, input_signature=[tf.TensorSpec([None, 3], name="features")]
    )
    tf.saved_model.save(model, str(directory), signatures={"score": score})
    return directory


@pytest.mark.parametrize(("model_format", "recipe"), [("litert", "forLiteRt"), ("saved_model", STRIP)])
@pytest.mark.parametrize("with_data", [True, False], ids=["data", "no data"])
def test_the_model_is_blamed_and_not_its_data(
    model_format: str, recipe: object, saved: Path, runs: Runs, tmp_path: Path, *, with_data: bool
) -> None:
    np.savez(tmp_path / "rows.npz", features=np.ones((20, 3), np.float32))
    result = runs(saved, tmp_path / "rows.npz" if with_data else None, format=model_format, recipe=recipe)

    assert result.code == 2
    assert "/scores/" in result.sentence
    assert "keras.export.ExportArchive" in result.sentence
    assert "data" not in result.sentence
    assert result.outcome.hints == []
