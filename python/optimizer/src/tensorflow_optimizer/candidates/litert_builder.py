"""Makes any .tflite candidate of a job, here or in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..conversion import LiteRtMode
from ..signatures import Selection, read_signatures, select_for_litert
from .litert_conversion import LiteRtBuilder

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.job import Job
    from ..processes.progress import Progress
    from ..sources import OpenedSource
    from ..training.trainer import Trainer
    from .litert_conversion import BuiltLiteRt, CraftedLiteRt
    from .plans import LiteRtPlan


@dataclass(frozen=True)
class LiteRtShop:
    """Everything that candidates are made of. It can be pickled."""

    job: Job
    trainer: Trainer
    selection: Selection
    """The original's signatures."""
    reset_state: bool
    calibration: Dataset | None
    as_it_is: CraftedLiteRt | None = None
    """The original, when it is a .tflite file: nothing but a student can be made of it."""

    def build(self, plan: LiteRtPlan, progress: Progress) -> BuiltLiteRt:
        """Make a candidate here, and load it.

        Raises:
            UnsupportedError: LiteRT cannot hold the model.
        """
        return self.craft(plan, progress).load()

    def craft(self, plan: LiteRtPlan, progress: Progress) -> CraftedLiteRt:
        """Make a candidate."""
        if self.as_it_is is not None and plan.distillation is None:
            return self.as_it_is
        trainer = self.trainer
        source = trainer.trained(plan.distillation, plan.pruning, list(self.selection.signatures), progress)
        selection, reset_state = self.selection, self.reset_state
        if plan.distillation is not None:
            selection, reset_state = self._of_student(source, progress), False
        trained = source is not trainer.source and source.directory is not None
        work = trainer.work / f"{source.directory.name}-litert" if trained and source.directory else trainer.work
        builder = LiteRtBuilder(source, selection, work, progress, reset_state=reset_state)
        return builder.craft(plan.mode, self.calibration if plan.mode is LiteRtMode.FULL_INTEGER else None)

    def without_teacher(self) -> LiteRtShop | None:
        """Return what makes the same candidates from the labels alone; None where these are not enough."""
        trainer = self.trainer.without_teacher()
        return None if trainer is None else replace(self, trainer=trainer)

    def _of_student(self, source: OpenedSource, progress: Progress) -> Selection:
        """A student has the default signature only, with the shapes that its teacher has."""
        for name in self.selection.signatures:
            if name != self.selection.default:
                progress.warn(f"the signature {name!r} is left out: a student learns the default one only")
        teacher = self.selection.signatures[self.selection.default]
        shapes = {name: shape for name, shape in (self.job.source.input_shapes or {}).items() if name in teacher.shapes}
        student = read_signatures(source.meta_graph)
        return select_for_litert(student, self.job.source.model_copy(update={"input_shapes": shapes or None}))
