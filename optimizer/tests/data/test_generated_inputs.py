"""Inputs that are made up, without TensorFlow."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_optimizer.data import generated, generated_inputs
from tensorflow_optimizer.data.messages import example, feature_of_floats, feature_of_integers, feature_of_texts
from tensorflow_optimizer.errors import BadInputError
from tensorflow_optimizer.processes import environment
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec
from tensorflow_optimizer.signatures.spec import Feature

#: Program that does with data of strangers what the judge of a job does, and prints what it must not have imported.
JUDGE = """
import sys
import numpy as np
from tensorflow_optimizer.data import generated_inputs, generated_image, read_dataset
from tensorflow_optimizer.serving import golden_requests, records, server_trial, warm_up
from tensorflow_optimizer import drift, gate, proof
from tensorflow_optimizer.drift import make_profile
from tensorflow_optimizer.signatures import SignatureSpec, TensorSpec
from tensorflow_optimizer.signatures.spec import Feature
proof.choose_runtime.litert_library()
records.records([records.tensor(np.zeros(3))])
generated_image((2, 2, 3))
features = (Feature("a", "string", 1), Feature("b", "int64", 2), Feature("c", "float32", 3))
spec = SignatureSpec("s", "", {"x": TensorSpec("string", (None,), "", features)}, {})
generated_inputs(spec, None, batched=True, seed=0)
found = {name.partition(".")[0] for name in sys.modules} & {"tensorflow", "keras", "ai_edge_litert", "h5py", "PIL"}
sys.exit(f"imported: {found}" if found else 0)
"""


def test_who_judges_imports_nothing_that_opens_models_or_parses_files_in_c() -> None:
    known = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", JUDGE], env=known, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_example_is_what_tensorflow_serializes() -> None:
    theirs = tf.train.Example()
    theirs.features.feature["text"].bytes_list.value.extend([b"", b"\xff\x00", b"x" * 200])
    theirs.features.feature["Count"].int64_list.value.extend([0, 1, 127, 128, 1 << 62, -1, -(1 << 63)])
    theirs.features.feature["number"].float_list.value.extend([0.1, -1e30, 3.0])
    ours = example(
        {
            "text": feature_of_texts([b"", b"\xff\x00", b"x" * 200]),
            "Count": feature_of_integers([0, 1, 127, 128, 1 << 62, -1, -(1 << 63)]),
            "number": feature_of_floats([0.1, -1e30, 3.0]),
        }
    )
    assert ours == theirs.SerializeToString(deterministic=True)


def test_examples_have_the_features_that_the_model_parses() -> None:
    features = (Feature("age", "int64", 2), Feature("name", "string", 1), Feature("size", "float32", 3))
    spec = SignatureSpec("s", "", {"x": TensorSpec("string", (None,), "", features)}, {})
    rows = generated_inputs(spec, None, batched=True, seed=3).inputs["x"]
    parsed = tf.io.parse_example(
        rows.tolist(),
        {"age": tf.io.FixedLenFeature([2], tf.int64), "name": tf.io.FixedLenFeature([1], tf.string)}
        | {"size": tf.io.FixedLenFeature([3], tf.float32)},
    )
    assert parsed["age"].shape == (16, 2)
    assert 0 <= parsed["age"].numpy().min() <= parsed["age"].numpy().max() < 100
    assert set(parsed["name"].numpy().ravel()) == {b"text"}
    assert np.isfinite(parsed["size"].numpy()).all()


def test_a_model_that_says_that_its_inputs_are_larger_than_the_memory_is_refused_before_they_are_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "available_memory", lambda: 1 << 30)
    spec = SignatureSpec("s", "", {"x": TensorSpec("float32", (None, 1 << 20, 1 << 20), "")}, {})
    monkeypatch.setattr(generated, "_values", lambda *_: pytest.fail("they were made"))
    with pytest.raises(BadInputError, match="generated samples of the input 'x' take 281,474,977 MB of memory"):
        generated_inputs(spec, None, batched=True, seed=0)
