"""What candidates learn from: the training split, with the original's answers to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..evaluation import answers_of
from .augmentation import augmented, can_augment, joined
from .teaching import Teaching

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.job import Distillation
    from ..processes.progress import Progress
    from ..reference.measure import Reference

#: Fewer samples teach nothing.
ENOUGH_TO_TRAIN = 64
#: How many changed copies there are of each sample: as many as these bytes hold beside the samples.
_COPIES, _COPIES_AT_LEAST, _COPIES_BYTES = 15, 3, 512 << 20
#: Of the labels, where the job leaves it open: the teacher says more than they do (Hinton, Vinyals and Dean, 2015).
_ALPHA = 0.1
#: A pruned model is taught its own answers, which it nearly gives: nearer to the scores that decide than for a student.
_HEAT = 2.0


@dataclass(frozen=True)
class Lessons:
    """Training samples of the default signature."""

    count: int
    plain: Teaching | None
    """None: too few samples."""
    varied: Teaching | None
    """With changed copies; None: nobody asked, or nothing can be changed."""

    taught: bool = True
    """False: by labels alone, to tell what the teacher adds."""

    def of_teacher(self, step: Distillation) -> Teaching:
        """Return what a student learns from.

        Raises:
            BadInputError: there is too little, or nothing for what the step says.
        """
        teaching = self._samples(step)
        if not self.taught:
            return replace(teaching, label_share=1.0)
        labelled = any(target.truth is not None for target in teaching.targets.values())
        if step.alpha and not labelled:
            has = (
                "labels of amounts only, which a student does not learn from"
                if teaching.dataset.labels
                else "no labels"
            )
            raise BadInputError(
                f"Distillation.into(…) alpha is {step.alpha:g}, the labels' share in what a student learns, but the "
                f"evaluation data has {has}; give labels of classes, or leave alpha out"
            )
        share = step.alpha if step.alpha is not None else _ALPHA if labelled else 0.0
        return replace(teaching, label_share=share, temperature=step.temperature)

    def of_original(self) -> Teaching | None:
        """Return what a pruned model learns from: what it answered before, and the labels; None: too few samples."""
        if self.plain is None or not self.taught:
            return self.plain
        labelled = any(target.truth is not None for target in self.plain.targets.values())
        return replace(self.plain, label_share=_ALPHA if labelled else 0.0, temperature=_HEAT)

    def without_teacher(self) -> Lessons | None:
        """Return the same samples to be learned by their labels; None where an output has none."""
        found = self.plain.targets.values() if self.plain else ()
        labelled = bool(found) and all(target.truth is not None for target in found)
        return replace(self, taught=False) if labelled else None

    def _samples(self, step: Distillation) -> Teaching:
        if self.plain is None:
            raise BadInputError(
                f"Distillation.into(…) trains on a part of the evaluation data, which has {self.count} samples, and "
                f"needs {ENOUGH_TO_TRAIN}; give more data, the more the better"
            )
        return self.varied or self.plain if step.augment else self.plain


def make_lessons(reference: Reference, steps: list[Distillation], progress: Progress) -> Lessons:
    """Ask the original about the training split, and about changed copies of it where a step wants them."""
    training = reference.training
    if training.count < ENOUGH_TO_TRAIN:
        return Lessons(training.count, None, None)
    name, tasks = reference.default, reference.tasks[reference.default]
    plain = Teaching(name, training, answers_of(reference.runner, name, training, reference.batch), tasks)
    if not any(step.augment for step in steps) or not can_augment(training):
        return Lessons(training.count, plain, None)
    count = _copies_of(training)
    progress.say(f"asking the original about {count} changed copies of {training.count} samples")
    copies = [augmented(training, reference.seed + number) for number in range(1, count + 1)]
    everything = joined([training, *copies])
    answers = answers_of(reference.runner, name, everything, reference.batch)
    varied = Teaching(name, everything, answers, tasks, versions=1 + len(copies))
    return Lessons(training.count, plain, varied)


def _copies_of(samples: Dataset) -> int:
    once = sum(value.nbytes for value in samples.inputs.values())
    return max(_COPIES_AT_LEAST, min(_COPIES, _COPIES_BYTES // max(1, once)))
