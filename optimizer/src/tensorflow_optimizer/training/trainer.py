"""Trains a candidate's model: a student, a pruned model, or both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..documents.job import Distillation, Pruning
from ..documents.plain import to_plain
from ..processes.plain_text import one_line
from ..signatures import SignatureSpec
from ..sources import SavedModelFiles, saved_model_of, take_saved_model
from .carried import carried
from .distillation import GivenStudent
from .leaf import TRAINED
from .once import Once

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..processes.progress import Progress
    from ..sandbox import Sandbox
    from ..sources import OpenedSource
    from .training_data import TrainingData
    from .training_set import TrainingSet

_LEAF = "tensorflow_optimizer.training.leaf"
#: Above this sparsity, a model without training usually decides differently.
_SAFE_WITHOUT_DATA = 0.5


@dataclass(frozen=True)
class Trainer:
    """Trains each model once, in a leaf, and gives its files to all candidates that are made of it."""

    sandbox: Sandbox
    source: OpenedSource
    teacher: SignatureSpec
    """The default signature."""
    training_data: TrainingData
    students: dict[str, GivenStudent]
    """The given ones, by the text of their documents."""
    work: Path
    seed: int
    allowed_operations: list[str] = field(default_factory=list)
    """Operations that act on more than the model, which it may have."""
    environment: Mapping[str, str] | None = None
    """Variables of the leaves."""
    _once: Once = field(default_factory=Once)

    def trained(
        self, distillation: Distillation | None, pruning: Pruning | None, signatures: list[str], progress: Progress
    ) -> SavedModelFiles:
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
            source = saved_model_of(self.source).files
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

    def _distilled(self, step: Distillation, training_set: TrainingSet, progress: Progress) -> SavedModelFiles:
        directory = self.work / f"distilled-{_key(step)}"
        with self._once.making(directory) as unfinished:
            if unfinished is None:
                return _files(directory)
            progress.say(f"training the student {step.student.name} on {training_set.dataset.count} samples")
            given = self.students.get(step.student.to_json())
            request = {
                "step": to_plain(Distillation, step),
                "given": None if given is None else to_plain(GivenStudent, given),
                "teacher": to_plain(SignatureSpec, self.teacher),
            }
            read = [] if given is None else [given.source.directory]
            problem = self._train("distil", request, training_set, read, unfinished, progress)
            if problem is not None:
                progress.warn(f"training the student was given up ({problem}); it is as good as it was until then")
        return _files(directory)

    def _pruned(
        self, source: SavedModelFiles, step: Pruning, signatures: list[str], progress: Progress
    ) -> SavedModelFiles:
        of = source.directory.name if source.directory.is_relative_to(self.work) else "original"
        directory = self.work / f"{of}-pruned-{_key(step)}"
        with self._once.making(directory) as unfinished:
            if unfinished is None:
                return _files(directory)
            self._tell(step, progress)
            request = {
                "step": to_plain(Pruning, step),
                "source": to_plain(SavedModelFiles, source),
                "signatures": signatures,
            }
            training_set, read = self.training_data.for_recovery(), [source.directory]
            problem = self._train("cut", request, training_set, read, unfinished, progress)
            if problem is not None:
                progress.warn(
                    f"training after pruning was given up ({problem}); the weights are as good as they were until then"
                )
        return _files(directory)

    def _train(  # noqa: PLR0913, PLR0917 - what is asked, and where it comes from and goes to
        self,
        task: str,
        request: dict[str, Any],
        training_set: TrainingSet | None,
        read: list[Path],
        directory: Path,
        progress: Progress,
    ) -> str | None:
        """Train in a leaf, take its model, and return why training was given up, if it was."""
        document, arrays = carried(training_set)
        asked = {**request, "trainingSet": document, "seed": self.seed}
        with self.sandbox.leaf(f"{_LEAF}:{task}", read=read, environment=self.environment, progress=progress) as leaf:
            problem = leaf.ask(asked, arrays).document.get("problem")
            take_saved_model(self.sandbox, leaf, TRAINED, directory, self.allowed_operations)
        return one_line(problem) if isinstance(problem, str) else None

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


def _files(directory: Path) -> SavedModelFiles:
    size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
    return SavedModelFiles(directory, ["serve"], size)


def _key(step: Distillation | Pruning) -> str:
    """Return a name for a directory that only equal steps share."""
    from ..documents.document import sha256_of

    return sha256_of(step.to_json().encode())[:16]
