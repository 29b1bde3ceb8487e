"""Builds the .tflite candidates of a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..signatures import Selection, read_signatures, select_for_litert
from .litert_artifact import LiteRtConverter, quantized
from .recovery import Recovery

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.job import Job
    from ..processes.progress import Progress
    from ..sources import SavedModelSource
    from ..training.trainer import Trainer
    from .litert_artifact import LiteRtArtifact
    from .plans import LiteRtPlan


@dataclass(frozen=True)
class LiteRtCandidateBuilder:
    """Holds everything that candidates are built from. It can be pickled."""

    job: Job
    trainer: Trainer
    selection: Selection
    """The original's signatures."""
    reset_state: bool
    calibration: Dataset
    as_it_is: LiteRtArtifact | None = None
    """The original, when it is a .tflite file."""

    def build(self, plan: LiteRtPlan, progress: Progress) -> LiteRtArtifact:
        """Build a candidate.

        Raises:
            UnsupportedError: LiteRT cannot hold the model.
        """
        if self.as_it_is is not None and plan.distillation is None:
            return self._of_file(self.as_it_is, plan, progress.of_candidate(plan.name))
        trainer = self.trainer
        source = trainer.trained(plan.distillation, plan.pruning, list(self.selection.signatures), progress)
        # Candidates share what is trained and so its warnings, but not those below.
        progress = progress.of_candidate(plan.name)
        selection, reset_state = self.selection, self.reset_state
        if plan.distillation is not None:
            selection, reset_state = self._of_student(source, progress), False
        trained = source is not trainer.source
        work = trainer.work / f"{source.directory.name}-litert" if trained else trainer.work
        converter = LiteRtConverter(source, selection, work, progress, reset_state=reset_state)
        calibration = self.calibration if plan.calibrates else None
        if plan.measure is None:
            return converter.convert(plan, calibration)
        floats = converter.convert(replace(plan, mode=LiteRtMode.FLOAT32), calibration)
        return Recovery(selection.default, self.calibration, trainer, progress).recovered(floats, plan)

    def _of_file(self, original: LiteRtArtifact, plan: LiteRtPlan, progress: Progress) -> LiteRtArtifact:
        if plan.measure is not None:
            recovery = Recovery(self.selection.default, self.calibration, self.trainer, progress)
            return recovery.recovered(original, plan)
        if plan.mode is LiteRtMode.FLOAT32:
            return original
        calibration = self.calibration if plan.calibrates else None
        content = quantized(original.content, plan, self.selection.default, calibration, progress)
        return replace(original, content=content)

    def labels_only(self) -> LiteRtCandidateBuilder | None:
        """Return a builder that trains the same candidates on labels alone, or None if there are too few labels."""
        trainer = self.trainer.labels_only()
        return None if trainer is None else replace(self, trainer=trainer)

    def _of_student(self, source: SavedModelSource, progress: Progress) -> Selection:
        """A student has only the default signature, with its teacher's shapes."""
        for name in self.selection.signatures:
            if name != self.selection.default:
                progress.warn(f"the signature {name!r} is left out: a student learns the default one only")
        teacher = self.selection.signatures[self.selection.default]
        shapes = {name: shape for name, shape in (self.job.source.input_shapes or {}).items() if name in teacher.shapes}
        student = read_signatures(source.meta_graph)
        return select_for_litert(student, self.job.source.model_copy(update={"input_shapes": shapes or None}))
