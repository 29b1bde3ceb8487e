"""The model that a candidate is made of: the original, a student of it, or either with its smallest weights at zero."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..candidates.plans import student_name
from ..processes import progress_events
from ..sources import OpenedSource, SourceKind
from ..sources.saved_model_files import read_meta_graph
from .distillation import distill
from .pruning import prune

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Distillation, Pruning
    from ..processes.progress import Progress
    from ..signatures import SignatureSpec
    from .distillation import GivenStudent
    from .teaching import Teaching
    from .training_data import Lessons

#: Above it, a model that nothing trains afterwards usually decides otherwise.
_SAFE_WITHOUT_DATA = 0.5


@dataclass(frozen=True)
class Trainer:
    """Makes what candidates are made of, each once: what is there already is taken."""

    source: OpenedSource
    teacher: SignatureSpec
    """The default signature."""
    lessons: Lessons
    students: dict[str, GivenStudent]
    """The given ones, by the text of their documents."""
    work: Path
    seed: int

    def trained(
        self, distillation: Distillation | None, pruning: Pruning | None, signatures: list[str], progress: Progress
    ) -> OpenedSource:
        """Distill, then prune, as far as asked.

        Args:
            distillation: Into which student.
            pruning: How much.
            signatures: Of the original, to keep. A student has the default one only.
            progress: Where to tell.

        Raises:
            OptimizerError: the model, or the data, does not allow it.
        """
        source = self.source
        if distillation is not None:
            source = self._distilled(distillation, self.lessons.of_teacher(distillation), progress)
            signatures = [self.teacher.name]
        return source if pruning is None else self._pruned(source, pruning, signatures, progress)

    def without_teacher(self) -> Trainer | None:
        """Return what trains the same students on the labels alone; None where these are not enough for it."""
        lessons = self.lessons.without_teacher()
        return None if lessons is None else replace(self, lessons=lessons, work=self.work / "without-teacher")

    def _distilled(self, step: Distillation, teaching: Teaching, progress: Progress) -> OpenedSource:
        directory = self.work / f"distilled-{_key(step)}"
        if not directory.exists():
            progress.say(f"training the student {student_name(step.student)} on {teaching.dataset.count} samples")
            self.work.mkdir(parents=True, exist_ok=True)
            given = self.students.get(step.student.to_json())
            unfinished = directory.with_name(f"{directory.name}.part")
            with progress_events.counting(f"epochs of the student {student_name(step.student)}"):
                problem = distill(given, self.teacher, step, teaching, unfinished, seed=self.seed)
            if problem is not None:
                progress.warn(f"training the student was given up ({problem}); it is as good as it was until then")
            unfinished.rename(directory)
        return _opened(directory, self.source)

    def _pruned(self, source: OpenedSource, step: Pruning, signatures: list[str], progress: Progress) -> OpenedSource:
        of = "original" if source is self.source or source.directory is None else source.directory.name
        directory = self.work / f"{of}-pruned-{_key(step)}"
        if not directory.exists():
            self._tell(step, progress)
            unfinished = directory.with_name(f"{directory.name}.part")
            with progress_events.counting(f"epochs after pruning {step.sparsity:.0%}"):
                problem = prune(source, signatures, step, self.lessons.of_original(), unfinished, seed=self.seed)
            if problem is not None:
                progress.warn(
                    f"training after pruning was given up ({problem}); the weights are as good as they were until then"
                )
            unfinished.rename(directory)
        return _opened(directory, source)

    def _tell(self, step: Pruning, progress: Progress) -> None:
        count = self.lessons.count
        if self.lessons.plain is not None:
            progress.say(f"pruning {step.sparsity:.0%} of the weights, and training the rest on {count} samples")
            return
        progress.say(f"pruning {step.sparsity:.0%} of the weights at once")
        if step.sparsity > _SAFE_WITHOUT_DATA:
            why = "without evaluation data" if not count else f"with only {count} samples to train on"
            progress.warn(
                f"{step.sparsity:.0%} of the weights become zero {why}, so that nothing repairs what that breaks; "
                f"give more data, or a sparsity of at most {_SAFE_WITHOUT_DATA:.0%}"
            )


def _opened(directory: Path, original: OpenedSource) -> OpenedSource:
    import tensorflow as tf

    files = [file for file in directory.rglob("*") if file.is_file()]
    return replace(
        original,
        kind=SourceKind.SAVED_MODEL,
        size_bytes=sum(file.stat().st_size for file in files),
        tensorflow_version=tf.__version__,
        tags=["serve"],
        directory=directory,
        meta_graph=read_meta_graph(directory, ["serve"]),
        file=None,
    )


def _key(step: Distillation | Pruning) -> str:
    """Return a name for a directory that only equal steps share."""
    from ..documents.document import sha256_of

    return sha256_of(step.to_json().encode())[:16]
