"""Trains a candidate's model: a student, a pruned model, or both."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..processes import progress_events
from ..sources import OpenedSource, SavedModelSource, SourceKind, saved_model_of
from ..sources.saved_model_files import read_meta_graph
from .distillation import distill
from .pruning import prune

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..documents.job import Distillation, Pruning
    from ..processes.progress import Progress
    from ..signatures import SignatureSpec
    from .distillation import GivenStudent
    from .training_data import TrainingData
    from .training_set import TrainingSet

#: Above this sparsity, a model without training usually decides differently.
_SAFE_WITHOUT_DATA = 0.5


@dataclass(frozen=True)
class Trainer:
    """Trains each model once, also for several processes, and reuses what is already in the work directory."""

    source: OpenedSource
    teacher: SignatureSpec
    """The default signature."""
    training_data: TrainingData
    students: dict[str, GivenStudent]
    """The given ones, by the text of their documents."""
    work: Path
    seed: int

    def trained(
        self, distillation: Distillation | None, pruning: Pruning | None, signatures: list[str], progress: Progress
    ) -> SavedModelSource:
        """Distill, then prune, as far as requested.

        Args:
            distillation: The distillation step.
            pruning: The pruning step.
            signatures: Signatures of the original to keep. A student has only the default one.
            progress: Receives messages and warnings.

        Raises:
            OptimizerError: The model, or the data, does not allow it.
        """
        if distillation is None:
            source = saved_model_of(self.source)
        else:
            source = self._distilled(distillation, self.training_data.for_distillation(distillation), progress)
            signatures = [self.teacher.name]
        return source if pruning is None else self._pruned(source, pruning, signatures, progress)

    def labels_only(self) -> Trainer | None:
        """Return a trainer that uses labels alone; None: there are too few labels."""
        training_data = self.training_data.labels_only()
        return (
            None
            if training_data is None
            else replace(self, training_data=training_data, work=self.work / "without-teacher")
        )

    def _distilled(self, step: Distillation, training_set: TrainingSet, progress: Progress) -> SavedModelSource:
        directory = self.work / f"distilled-{_key(step)}"
        with _once(directory) as unfinished:
            if unfinished is None:
                return _opened(directory, self.source)
            progress.say(f"training the student {step.student.name} on {training_set.dataset.count} samples")
            given = self.students.get(step.student.to_json())
            with progress_events.counting(f"epochs of the student {step.student.name}"):
                problem = distill(given, self.teacher, step, training_set, unfinished, seed=self.seed)
            if problem is not None:
                progress.warn(f"training the student was given up ({problem}); it is as good as it was until then")
        return _opened(directory, self.source)

    def _pruned(
        self, source: SavedModelSource, step: Pruning, signatures: list[str], progress: Progress
    ) -> SavedModelSource:
        of = "original" if source is self.source else source.directory.name
        directory = self.work / f"{of}-pruned-{_key(step)}"
        with _once(directory) as unfinished:
            if unfinished is None:
                return _opened(directory, source)
            self._tell(step, progress)
            with progress_events.counting(f"epochs after pruning {step.sparsity:.0%}"):
                problem = prune(source, signatures, step, self.training_data.for_recovery(), unfinished, seed=self.seed)
            if problem is not None:
                progress.warn(
                    f"training after pruning was given up ({problem}); the weights are as good as they were until then"
                )
        return _opened(directory, source)

    def _tell(self, step: Pruning, progress: Progress) -> None:
        count = self.training_data.count
        if self.training_data.plain is not None:
            progress.say(f"pruning {step.sparsity:.0%} of the weights, and training the rest on {count} samples")
            return
        progress.say(f"pruning {step.sparsity:.0%} of the weights at once")
        if step.sparsity > _SAFE_WITHOUT_DATA:
            why = "without evaluation data" if not count else f"with only {count} samples to train on"
            progress.warn(
                f"{step.sparsity:.0%} of the weights become zero {why}, so that nothing repairs what that breaks; "
                f"give more data, or a sparsity of at most {_SAFE_WITHOUT_DATA:.0%}"
            )


@contextmanager
def _once(directory: Path) -> Iterator[Path | None]:
    """Give a path to save a model at, which becomes `directory` in the end; None if another process has made it.

    Processes that arrive meanwhile wait.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if directory.exists():
            yield None
            return
        unfinished = directory.with_name(f"{directory.name}.part")
        yield unfinished
        unfinished.rename(directory)


def _opened(directory: Path, original: OpenedSource) -> SavedModelSource:
    import tensorflow as tf

    files = [file for file in directory.rglob("*") if file.is_file()]
    return SavedModelSource(
        kind=SourceKind.SAVED_MODEL,
        digest=original.digest,
        size_bytes=sum(file.stat().st_size for file in files),
        tensorflow_version=tf.__version__,
        tags=["serve"],
        directory=directory,
        meta_graph=read_meta_graph(directory, ["serve"]),
    )


def _key(step: Distillation | Pruning) -> str:
    """Return a name for a directory that only equal steps share."""
    from ..documents.document import sha256_of

    return sha256_of(step.to_json().encode())[:16]
