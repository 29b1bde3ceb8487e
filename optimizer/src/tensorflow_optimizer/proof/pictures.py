"""Compares the native program's answers to encoded pictures with those to TensorFlow's numbers of the same pictures."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.job import ModelTask
from ..documents.manifest import PictureProof
from ..runners import LiteRtRunner
from .answers import relative_difference
from .choose_runtime import litert_library
from .model_directory import model_directory
from .native_program import RefusedError, executable, find_program, running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.manifest import Signature
    from ..evaluation import OutputTask

    Answers = dict[str, NDArray[Any]]

_MOST = 100
_MOST_SECONDS = 300.0
#: Of a file, so that a function can take it in base64.
_LARGEST = 4 << 20


def prove_pictures(
    content: bytes, name: str, signatures: dict[str, Signature], dataset: Dataset, tasks: dict[str, OutputTask]
) -> PictureProof | None:
    """Compare on pictures of the evaluation data; None where there are none, or no native program.

    Args:
        content: The .tflite file.
        name: The model's name.
        signatures: Their descriptions, the default one first.
        dataset: Samples of the default signature.
        tasks: Tasks of its outputs.

    Raises:
        RefusedError: A picture is not decoded, or gets another class.
    """
    program = find_program()
    if dataset.pictures is None or program is None:
        return None
    default = next(iter(signatures))
    runner = LiteRtRunner(content, signatures)
    try:
        with (
            model_directory(content, name, signatures) as (model, _),
            executable(program) as copy,
            running(copy, model, litert_library()) as function,
        ):
            return compare_pictures(
                dataset,
                lambda inputs: function.answer((default, inputs), signatures),
                lambda inputs: runner.run(default, inputs),
                tasks,
            )
    finally:
        runner.close()


def compare_pictures(
    dataset: Dataset,
    ask: Callable[[dict[str, Any]], Answers],
    reference: Callable[[dict[str, Any]], Answers],
    tasks: dict[str, OutputTask],
) -> PictureProof:
    """Return the largest difference of the answers.

    Args:
        dataset: Samples of a signature with one input that were decoded from pictures by TensorFlow.
        ask: Returns the native program's answers to inputs as in a request.
        reference: Returns the model's answers to numbers.
        tasks: Tasks of the outputs.

    Raises:
        RefusedError: A picture is not decoded, or gets another class.
    """
    name = next(iter(dataset.inputs))
    files: list[Path] = [] if dataset.pictures is None else list(dataset.pictures)
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
            raise RefusedError(f"it does not take the picture {file.name}: {error}") from error
        expected = reference(dataset.call(row, row + 1))
        for output, task in tasks.items():
            found = np.asarray(answers[output], expected[output].dtype)
            decided = [task.decisions(value).tolist() for value in (found, expected[output])]
            if task.task is not ModelTask.REGRESSION and decided[0] != decided[1]:
                raise RefusedError(
                    f"it decides otherwise than TensorFlow on the picture {file.name}: the output {output!r} says "
                    f"{decided[0]} for the picture, and {decided[1]} for the numbers that TensorFlow makes of it"
                )
            largest[output] = max(largest[output], relative_difference(found, expected[output]))
        compared += 1
    return PictureProof(pictures=compared, differences=largest)
