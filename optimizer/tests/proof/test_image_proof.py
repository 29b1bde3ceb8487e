"""Proof of the native program's answers to images, by TensorFlow's numbers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tensorflow_optimizer.data import Dataset
from tensorflow_optimizer.documents.job import ModelTask
from tensorflow_optimizer.documents.manifest import ImageProof
from tensorflow_optimizer.evaluation import OutputTask
from tensorflow_optimizer.proof import RefusedError
from tensorflow_optimizer.proof.images import compare_images

if TYPE_CHECKING:
    from pathlib import Path

SCORES = np.array([[0.1, 0.9], [0.8, 0.2], [0.5, 0.4]])
CLASSES = OutputTask(ModelTask.MULTICLASS)


@pytest.fixture
def images(tmp_path: Path) -> Dataset:
    """Three samples, each of the file whose content is its number."""
    files = [tmp_path / f"{row}.png" for row in range(3)]
    for row, file in enumerate(files):
        file.write_bytes(bytes([row]))
    return Dataset({"x": np.arange(3.0)[:, np.newaxis]}, batched=True, images=np.array(files, dtype=object))


def compare(dataset: Dataset, answers: Any, task: OutputTask = CLASSES) -> ImageProof:
    def ask(inputs: dict[str, Any]) -> dict[str, Any]:
        (row,) = base64.b64decode(inputs["x"][0]["b64"])
        if answers[row] is None:
            raise RefusedError("the PNG is damaged")
        return {"y": [answers[row].tolist()]}

    def reference(inputs: dict[str, Any]) -> dict[str, Any]:
        return {"y": SCORES[inputs["x"][:, 0].astype(int)]}

    return compare_images(dataset, ask, reference, {"y": task})


def test_the_largest_difference_is_relative_to_the_largest_value(images: Dataset) -> None:
    proof = compare(images, np.add(SCORES, [[0, 0], [0.04, 0], [0.01, 0]]))
    assert proof.pictures == 3
    assert proof.differences == pytest.approx({"y": 0.05})


def test_another_class_is_refused_with_the_image(images: Dataset) -> None:
    with pytest.raises(RefusedError, match=r"otherwise than TensorFlow on the image 2.png: .* 'y' says \[1\] .* \[0\]"):
        compare(images, np.add(SCORES, [[0, 0], [0, 0], [0, 0.2]]))
    regression = compare(images, np.add(SCORES, [[0, 0], [0, 0], [0, 0.2]]), OutputTask(ModelTask.REGRESSION))
    assert regression.differences == pytest.approx({"y": 0.4})


def test_an_image_that_is_not_decoded_is_refused_with_its_name(images: Dataset) -> None:
    with pytest.raises(RefusedError, match=r"does not take the image 1.png: the PNG is damaged"):
        compare(images, [SCORES[0], None, SCORES[2]])


def test_a_part_of_the_samples_keeps_their_files(images: Dataset) -> None:
    part = images.take(np.array([2]))
    assert compare(part, SCORES) == ImageProof(pictures=1, differences={"y": 0.0})


def test_at_most_a_hundred_are_compared(images: Dataset) -> None:
    assert compare(images.take(np.zeros(250, int)), SCORES).pictures == 100
