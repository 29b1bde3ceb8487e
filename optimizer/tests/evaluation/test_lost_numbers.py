"""Detection of small numbers that are lost beside large ones in one output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from sample_functions import Function, save, spec
from sample_jobs import FULL_INTEGER
from tensorflow_optimizer.evaluation import lost_numbers, worse_than_constant

if TYPE_CHECKING:
    from pathlib import Path

    from sample_jobs import Runs

RANDOM = np.random.default_rng(4)
#: Ten boxes of each sample: two corners in pixels, and a score.
BOXES = np.concatenate([RANDOM.uniform(0, 640, (50, 10, 4)), RANDOM.uniform(0, 1, (50, 10, 1))], -1).astype(np.float32)


def without(values: Any, *indices: int, axis: int = -1) -> Any:
    """Return the values with a constant at some indices."""
    found = np.moveaxis(values.copy(), axis, 0)
    found[list(indices)] = 0.25
    return np.moveaxis(found, 0, axis)


def test_small_numbers_that_became_a_constant_are_found_though_the_error_is_small() -> None:
    candidate = without(BOXES, 4)
    assert np.linalg.norm(candidate - BOXES) / np.linalg.norm(BOXES) < 0.01
    found = lost_numbers(BOXES, candidate)
    assert found is not None
    assert found[0] == pytest.approx(1 / 5)
    assert found[1].startswith("always answers the same at the index 4 of dimension 2, and the original does not")


def test_they_are_found_in_any_dimension() -> None:
    found = lost_numbers(BOXES.transpose(0, 2, 1), without(BOXES, 4).transpose(0, 2, 1))
    assert found is not None
    assert "at the index 4 of dimension 1" in found[1]


@pytest.mark.parametrize("shape", [(50,), (50, 1), (50, 1, 1)])
def test_a_lone_number_that_became_a_constant_is_found(shape: tuple[int, ...]) -> None:
    kelvins = RANDOM.uniform(290, 296, shape).astype(np.float32)
    found = lost_numbers(kelvins, np.full_like(kelvins, 293))
    assert found == (1.0, "always answers 293, and the original does not")


def test_a_candidate_farther_from_the_original_than_its_mean_is_found_though_the_error_is_small() -> None:
    kelvins = RANDOM.uniform(290, 296, (50, 2)).astype(np.float32)
    candidate = kelvins[::-1].copy()
    assert np.linalg.norm(candidate - kelvins) / np.linalg.norm(kelvins) < 0.01
    found = worse_than_constant(kelvins, candidate, None)
    assert found is not None
    assert found[0] < 0
    assert found[1].startswith("is no nearer to the original's than one number for all samples (R² -")
    mean = np.broadcast_to(kelvins.mean(axis=0), kelvins.shape)
    assert (worse_than_constant(kelvins, mean + np.float32(0.01), None) or (1.0,))[0] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("original", "candidate"),
    [
        (BOXES, BOXES + 50),
        # It varies by rounding alone.
        (np.float32([[1.0], [1.00001]]), np.float32([[1.00001], [1.0]])),
        (BOXES[:1], BOXES[:1] + 999),
        (np.zeros((9, 2), np.float32), np.ones((9, 2), np.float32)),
        (np.float32([[1.0], [np.nan], [2.0]]), np.float32([[2.0], [np.nan], [1.0]])),
    ],
)
def test_a_candidate_that_is_nearer_or_cannot_be_told_from_one_is_left_to_the_gate(
    original: Any, candidate: Any
) -> None:
    assert worse_than_constant(original, candidate, None) is None


def test_a_candidate_far_from_the_original_is_left_to_the_gate_if_labels_judge_both() -> None:
    labels, noise = RANDOM.uniform(0, 1, (200, 1)), RANDOM.normal(0, 2, (2, 200, 1))
    original, candidate = (labels + noise).astype(np.float32)
    assert worse_than_constant(original, candidate, None) is not None
    assert worse_than_constant(original, candidate, labels) is None


def test_many_are_counted() -> None:
    values = RANDOM.standard_normal((50, 8)).astype(np.float32)
    found = lost_numbers(values, without(values, 1, 2, 3, 5, 7))
    assert found is not None
    assert "at the index 1, 2, 3 and 2 more of dimension 1" in found[1]


@pytest.mark.parametrize(
    ("original", "candidate"),
    [
        (BOXES, BOXES),
        (BOXES, BOXES.round()),
        # It was constant before, up to rounding.
        (without(BOXES, 4), without(BOXES, 4)),
        (np.float32([[1.0], [1.00001]]), np.float32([[1.0], [1.0]])),
        # One unit of an embedding that is hardly ever active.
        (np.eye(50, 50, dtype=np.float32), without(np.eye(50, 50, dtype=np.float32), 7)),
        # One sample varies in nothing.
        (BOXES[:1], without(BOXES[:1], 4)),
        (np.full((9, 2), np.nan, np.float32), np.full((9, 2), np.nan, np.float32)),
        (RANDOM.integers(0, 9, (50, 2)), np.zeros((50, 2), np.int64)),
    ],
)
def test_nothing_is_found_where_nothing_is_lost(original: Any, candidate: Any) -> None:
    assert lost_numbers(original, candidate) is None


def test_a_detector_whose_scores_8_bits_cannot_hold_is_refused(runs: Runs, tmp_path: Path) -> None:
    module = Function()
    module.weights = [tf.Variable(RANDOM.standard_normal(shape).astype(np.float32)) for shape in ((16, 80), (16, 20))]

    @tf.function(input_signature=[spec([None, 16], "x")])
    def detect(x: Any) -> dict[str, Any]:
        boxes, scores = (tf.sigmoid(x @ weights * 0.3) for weights in module.weights)
        both = [tf.reshape(boxes * 640, [-1, 20, 4]), tf.reshape(scores, [-1, 20, 1])]
        return {"detections": tf.concat(both, -1)}

    model = save(tmp_path / "detector", module, serving_default=detect)
    np.savez(tmp_path / "data.npz", RANDOM.standard_normal((120, 16)).astype(np.float32))
    result = runs(model, tmp_path / "data.npz", recipe=FULL_INTEGER)
    assert result.code == 3
    assert "its output 'detections' always answers the same at the index 4 of dimension 2" in result.sentence
    (candidate,) = result.outcome.candidates
    assert [(rule.rule, rule.passed) for rule in candidate.rules] == [
        ("maxRelativeError", True),
        ("noLostNumbers", False),
    ]
    assert runs(model, tmp_path / "data.npz").code == 0
