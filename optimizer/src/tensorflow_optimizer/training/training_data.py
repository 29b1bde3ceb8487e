"""The training split, with the original's answers, for candidates to learn from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..data import MINIMUM_TRAINING_SAMPLES
from ..errors import BadInputError
from ..evaluation import answers_of
from ..hints import Hint
from .augmentation import augmented, can_augment, joined
from .training_set import TrainingSet

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.job import Distillation
    from ..processes.progress import Progress
    from ..reference.measure import Reference

#: Number of modified copies of each sample, limited by these bytes.
_COPIES, _COPIES_AT_LEAST, _COPIES_BYTES = 15, 3, 512 << 20
#: Weight of the labels by default: the teacher's answers contain more (Hinton, Vinyals and Dean, 2015).
_ALPHA = 0.1
#: A pruned model nearly gives the target answers, so emphasize the deciding scores more than for a student.
_RECOVERY_TEMPERATURE = 2.0


@dataclass(frozen=True)
class TrainingData:
    """Training samples of the default signature."""

    count: int
    plain: TrainingSet | None
    """Samples as they were given; None: too few."""
    augmented_samples: TrainingSet | None
    """Samples with changed copies; None: no step asks for them, or nothing can be changed."""

    with_teacher: bool = True
    """False: train on labels alone, to measure what the teacher adds."""

    @property
    def size_bytes(self) -> int:
        """Size of the inputs, changed copies included."""
        sets = [training_set for training_set in (self.plain, self.augmented_samples) if training_set is not None]
        return sum(value.nbytes for training_set in sets for value in training_set.dataset.inputs.values())

    def for_distillation(self, step: Distillation) -> TrainingSet:
        """Return the training set of a student.

        Raises:
            BadInputError: There is too little data, or none for the step's settings.
        """
        training_set = self._samples(step)
        if not self.with_teacher:
            return replace(training_set, label_share=1.0)
        labelled = any(target.truth is not None for target in training_set.targets.values())
        if step.alpha and not labelled:
            has = (
                "labels of amounts only, which a student does not learn from"
                if training_set.dataset.labels
                else "no labels"
            )
            raise BadInputError(
                f"the alpha of the distillation is {step.alpha:g}, the labels' share in what a student learns, but the "
                f"evaluation data has {has}; give labels of classes, or leave alpha out",
                Hint.DISTILLATION,
            )
        share = step.alpha if step.alpha is not None else _ALPHA if labelled else 0.0
        return replace(training_set, label_share=share, temperature=step.temperature)

    def for_recovery(self) -> TrainingSet | None:
        """Return the training set of a pruned model: earlier answers and labels; None with too few samples."""
        if self.plain is None or not self.with_teacher:
            return self.plain
        labelled = any(target.truth is not None for target in self.plain.targets.values())
        return replace(self.plain, label_share=_ALPHA if labelled else 0.0, temperature=_RECOVERY_TEMPERATURE)

    def labels_only(self) -> TrainingData | None:
        """Return the same samples with labels as the only targets; None if an output has no labels."""
        targets = self.plain.targets.values() if self.plain else ()
        labelled = bool(targets) and all(target.truth is not None for target in targets)
        return replace(self, with_teacher=False) if labelled else None

    def _samples(self, step: Distillation) -> TrainingSet:
        if self.plain is None:
            raise BadInputError(
                f"distillation trains on a part of the evaluation data, which has {self.count} samples, and "
                f"needs {MINIMUM_TRAINING_SAMPLES}; give more data, the more the better",
                Hint.EVALUATION_DATA,
            )
        return self.augmented_samples or self.plain if step.augment else self.plain


def make_training_data(reference: Reference, steps: list[Distillation], progress: Progress) -> TrainingData:
    """Get the original's answers to the training split, and to modified copies if a step wants them."""
    training = reference.training
    if training.count < MINIMUM_TRAINING_SAMPLES:
        return TrainingData(training.count, None, None)
    name, tasks = reference.default, reference.tasks[reference.default]
    plain = TrainingSet(name, training, answers_of(reference.runner, name, training, reference.batch), tasks)
    if not any(step.augment for step in steps) or not can_augment(training):
        return TrainingData(training.count, plain, None)
    count = _copies_of(training)
    progress.say(f"asking the original about {count} changed copies of {training.count} samples")
    copies = [augmented(training, reference.seed + number) for number in range(1, count + 1)]
    everything = joined([training, *copies])
    answers = answers_of(reference.runner, name, everything, reference.batch)
    augmented_samples = TrainingSet(name, everything, answers, tasks, versions=1 + len(copies))
    return TrainingData(training.count, plain, augmented_samples)


def _copies_of(samples: Dataset) -> int:
    once = sum(value.nbytes for value in samples.inputs.values())
    return max(_COPIES_AT_LEAST, min(_COPIES, _COPIES_BYTES // max(1, once)))
