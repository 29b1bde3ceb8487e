"""Keras's recurrent layers, which fix their batch or need a length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs


@pytest.mark.slow
@pytest.mark.parametrize("name", ["model.h5", "model.keras"])
def test_a_stateful_layer_keeps_its_batch(name: str, runs: Runs, tmp_path: Path) -> None:
    import keras

    layers = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input(batch_shape=(1, 6, 3), name="x")
    model = keras.Model(inputs, layers.Dense(2)(layers.LSTM(4, stateful=True)(inputs)))
    model.save(tmp_path / name)
    refused = runs(tmp_path / name)
    assert refused.code == 4
    assert "reset the state for each request" in refused.sentence
    result = runs(tmp_path / name, source={"stateful": "reset_per_request"})
    (signature,) = {str(entry.inputs["x"].shape) for entry in result.published.signatures.values()}
    assert signature == "[1, 6, 3]"
    x = np.random.default_rng(0).standard_normal((1, 6, 3)).astype(np.float32)
    (answer,) = result.predict({"x": x}).values()
    np.testing.assert_allclose(answer, model.predict(x, verbose=0), atol=2e-3)


# Each builds a recurrent layer twice over, and converts it: five seconds of processor time.
@pytest.mark.slow
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("layer", ["LSTM", "GRU"])
def test_a_bidirectional_layer_with_a_mask_is_served_with_a_given_length(
    layer: str, sequences: bool, runs: Runs, tmp_path: Path
) -> None:
    import keras

    layers: Any = keras.layers
    keras.utils.set_random_seed(3)
    inputs = keras.Input((None,), dtype="int32", name="ids")
    masked = layers.Embedding(10, 4, mask_zero=True)(inputs)
    hidden = layers.Bidirectional(getattr(layers, layer)(4, return_sequences=sequences))(masked)
    model = keras.Model(inputs, layers.Dense(2)(hidden))
    model.save(tmp_path / "model.keras")
    result = runs(tmp_path / "model.keras", source={"inputShapes": {"ids": [-1, 6]}})
    assert result.published.requirements.native_refusal is None
    ids = np.array([[1, 2, 3, 0, 0, 0], [4, 0, 0, 0, 0, 0], [1, 2, 3, 4, 5, 6]], np.int32)
    (answer,) = result.predict({"ids": ids}).values()
    np.testing.assert_allclose(answer, model.predict(ids, verbose=0), atol=2e-3)
