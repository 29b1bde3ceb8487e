"""Jobs whose model takes encoded pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorflow_optimizer.documents.image import Image, ResizeMethod
from tensorflow_optimizer.errors import ExitCode
from tensorflow_optimizer.hints import Hint
from tensorflow_optimizer.proof.native_program import PROGRAM_VARIABLE

if TYPE_CHECKING:
    import pytest
    from sample_jobs import Runs
    from sample_models import SampleModels


def test_the_signature_of_the_published_model_says_what_becomes_of_pixels(models: SampleModels, runs: Runs) -> None:
    image = {"preprocessing": "minusOneToOne", "method": "bicubic"}
    published = runs(models.keras_file, recipe="none", image=image).published
    for signature in published.signatures.values():
        (tensor,) = signature.inputs.values()
        assert tensor.image == Image(method=ResizeMethod.BICUBIC, antialias=False, scale=[1 / 127.5], offset=[-1.0])
        assert all(tensor.image is None for tensor in signature.outputs.values())


def test_an_input_of_another_shape_is_refused_before_anything_is_built(models: SampleModels, runs: Runs) -> None:
    result = runs(models.dense, image={"preprocessing": "zeroToOne"})
    assert (result.code, result.statuses) == (ExitCode.BAD_INPUT, {})
    assert "a picture has the shape rows, height, width, channels" in result.sentence
    assert result.outcome.hints == [Hint.INPUT_SHAPES, Hint.IMAGE_INPUT]


def test_a_model_that_only_python_can_serve_is_not_published(
    models: SampleModels, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "/nowhere")
    result = runs(models.keras_file, recipe="none", image={"preprocessing": "zeroToOne"})
    assert result.draft is None
    assert "only the native runtime decodes pictures, and it cannot serve this model" in result.sentence
