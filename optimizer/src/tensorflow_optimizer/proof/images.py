"""Compares the native program's answers to encoded images with those to TensorFlow's numbers of the same images."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

from ..documents.job import ModelTask
from ..documents.manifest import ImageProof
from .answers import relative_difference
from .choose_runtime import describe_model, litert_library
from .native_program import RefusedError, as_array, find_program, native_program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.manifest import Signature
    from ..evaluation import OutputTask
    from ..runners import Runner
    from ..sandbox import Sandbox

    Answers = dict[str, NDArray[Any]]

_MOST = 100
_MOST_SECONDS = 300.0
#: Most bytes of an image file, so that a function can take it in base64.
_LARGEST = 4 << 20


def prove_images(  # noqa: PLR0913, PLR0917 - one fact each about the model
    sandbox: Sandbox,
    content: bytes,
    name: str,
    signatures: dict[str, Signature],
    dataset: Dataset,
    tasks: dict[str, OutputTask],
    reference: Runner,
) -> ImageProof | None:
    """Compare on images of the evaluation data; None where there are none, or no native program.

    Args:
        sandbox: Where the program runs.
        content: The .tflite file.
        name: The model's name.
        signatures: Their descriptions, the default one first.
        dataset: Samples of the default signature.
        tasks: Tasks of its outputs.
        reference: The same file in the reference interpreter.

    Raises:
        RefusedError: An image is not decoded, or gets another class.
    """
    program = find_program()
    if dataset.images is None or program is None:
        return None
    default = next(iter(signatures))
    description = describe_model(name, signatures)
    with (
        native_program(sandbox, program, litert_library(), content, description) as native,
        native.running() as function,
    ):
        return compare_images(
            dataset,
            lambda inputs: function.answer((default, inputs), signatures),
            lambda inputs: reference.run(default, inputs),
            tasks,
        )


def compare_images(
    dataset: Dataset,
    ask: Callable[[dict[str, Any]], Answers],
    reference: Callable[[dict[str, Any]], Answers],
    tasks: dict[str, OutputTask],
) -> ImageProof:
    """Return the largest difference of the answers.

    Args:
        dataset: Samples of a signature with one input that were decoded from images by TensorFlow.
        ask: Returns the native program's answers to inputs as in a request.
        reference: Returns the model's answers to numbers.
        tasks: Tasks of the outputs.

    Raises:
        RefusedError: An image is not decoded, or gets another class.
    """
    name = next(iter(dataset.inputs))
    files: list[Path] = [] if dataset.images is None else list(dataset.images)
    compared, largest = 0, dict.fromkeys(tasks, 0.0)
    end = time.monotonic() + _MOST_SECONDS
    for row, file in enumerate(files):
        content = file.read_bytes()
        if compared >= _MOST or time.monotonic() > end:
            break
        if len(content) > _LARGEST:
            continue
        try:
            answers = ask({name: [{"b64": base64.b64encode(content).decode("ascii")}]})
        except RefusedError as error:
            raise RefusedError(f"it does not take the image {file.name}: {error}") from error
        expected = reference(dataset.call(row, row + 1))
        for output, task in tasks.items():
            answer = as_array(answers[output], expected[output].dtype.name)
            if answer.shape != expected[output].shape:
                raise RefusedError(
                    f"its output {output!r} has the shape {list(answer.shape)[:8]} for the image {file.name}"
                )
            decided = [task.decisions(value).tolist() for value in (answer, expected[output])]
            if task.task is not ModelTask.REGRESSION and decided[0] != decided[1]:
                raise RefusedError(
                    f"it decides otherwise than TensorFlow on the image {file.name}: the output {output!r} says "
                    f"{decided[0]} for the image, and {decided[1]} for the numbers that TensorFlow makes of it"
                )
            largest[output] = max(largest[output], relative_difference(answer, expected[output]))
        compared += 1
    return ImageProof(pictures=compared, differences=largest)
