"""Samples for the original and its candidates: the parts of the evaluation data, or generated inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..data import MINIMUM_TRAINING_SAMPLES, Splits, generated_inputs, read_dataset, split
from ..data.generated import INTEGER_RANGES
from ..documents.outcome import EvidenceKind
from ..errors import BadInputError
from ..evaluation import answers_of
from ..hints import Hint
from ..runners import RunError

if TYPE_CHECKING:
    from pathlib import Path

    from ..data import Dataset
    from ..documents.job import Job
    from ..runners import Runner
    from ..sandbox import Sandbox
    from .subject import EvaluatedSignature, Subject


def read_samples(  # noqa: PLR0913 - one fact for each need
    sandbox: Sandbox, job: Job, evaluation: Path | None, subject: Subject, *, calibrate: bool, train: bool, select: bool
) -> tuple[Splits, EvidenceKind]:
    """Return the samples of the default signature in the required parts, real or generated.

    Raises:
        BadInputError: There are too few, or they do not fit the signature.
    """
    signature = subject.signatures[subject.default]
    if evaluation is None:
        samples = generated_samples(subject.runner, signature, job.seed)
        nothing = samples.take(np.arange(0))
        return Splits(nothing, nothing, samples, nothing), EvidenceKind.GENERATED
    dataset = read_dataset(
        evaluation,
        signature.spec,
        signature.shapes,
        batched=signature.batched,
        labels=job.labels,
        image=job.image,
        sandbox=sandbox,
    )
    splits = split(dataset, job.seed, calibrate=calibrate, train=train, select=select)
    if train and not job.recipe.steps and splits.training.count < MINIMUM_TRAINING_SAMPLES:
        # The job names no step that trains, so skip the default ones and leave the samples to the gate.
        splits = split(dataset, job.seed, calibrate=calibrate, select=select)
    if not splits.gate.count:
        raise BadInputError(
            f"the evaluation data holds {dataset.count} samples, all of them needed for calibration; give more"
        )
    return splits, EvidenceKind.LABELS if dataset.labels else EvidenceKind.UNLABELLED


def generated_samples(runner: Runner, signature: EvaluatedSignature, seed: int) -> Dataset:
    """Generate inputs that the original accepts.

    Raises:
        BadInputError: It accepts none.
    """
    problem = ""
    for integers in INTEGER_RANGES:
        dataset = generated_inputs(
            signature.spec, signature.shapes, batched=bool(signature.batched), seed=seed, integers=integers
        )
        try:
            answers_of(runner, signature.spec.name, dataset)
        except RunError as error:
            problem = problem or str(error)
            continue
        return dataset
    raise BadInputError(
        f"the original cannot compute generated inputs at the signature {signature.spec.name!r} ({problem}); "
        "give evaluation data, or the input shapes if a dimension is unknown",
        Hint.EVALUATION_DATA,
        Hint.INPUT_SHAPES,
    )
