"""What a search tries: ladders from mild to strong, each of which ends where it no longer carries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from ..candidates.plans import LiteRtPlan, SavedModelPlan, litert_mode, no_bfloat16, plan_of, saved_model_plan
from ..conversion import LiteRtMode
from ..documents.job import Architecture, Distillation, Freeze, Pruning, Quantization, Strip, Student, StudentSize
from ..errors import BadInputError
from ..training.training_data import ENOUGH_TO_TRAIN
from .step_names import names_of, refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.job import Job, Search, Step
    from ..processes.progress import Progress
    from ..reference.measure import Reference

#: From mild to strong.
_MODES = (LiteRtMode.FLOAT32, LiteRtMode.FLOAT16, LiteRtMode.DYNAMIC_RANGE, LiteRtMode.FULL_INTEGER)
_SPARSITIES = (0.5, 0.7, 0.8, 0.9)
_SIZES = (StudentSize.MEDIUM, StudentSize.SMALL, StudentSize.TINY)

Plan = TypeVar("Plan", LiteRtPlan, SavedModelPlan)


@dataclass(frozen=True)
class Ladders(Generic[Plan]):
    """All that a search may try."""

    ladders: list[list[Plan]]
    """Independent of each other. A ladder of one rung is a candidate of its own."""
    onwards: Callable[[Plan], list[Plan]]
    """What may be done to the strongest student that passed, from mild to strong."""

    @property
    def plans(self) -> list[Plan]:
        """All plans of the ladders."""
        return [plan for ladder in self.ladders for plan in ladder]


def litert_ladders(job: Job, search: Search) -> Ladders[LiteRtPlan]:
    """Return the ladders for a .tflite file.

    Raises:
        BadInputError: one of the steps to combine is not for LiteRT, or is there twice.
    """
    steps = job.recipe.steps
    graph = [step.step for step in steps if isinstance(step, (Strip, Freeze))]
    if graph:
        raise BadInputError(
            f"search() may combine distillation, pruning and quantizations for LiteRT, got {', '.join(graph)}"
        )
    asked = {litert_mode(step) for step in steps if isinstance(step, Quantization)} if steps else set(_MODES)
    refuse_repeated(steps)
    prunings, students = _trained(steps, search, prune=True)
    called = names_of(steps)
    modes = [mode for mode in _MODES if mode in asked] or [LiteRtMode.FLOAT32]
    # The file that nothing was done to is what remains when everything else is refused.
    alone = [[plan_of(mode)] for mode in dict.fromkeys([LiteRtMode.FLOAT32, *modes])]
    strongest = LiteRtMode.DYNAMIC_RANGE if LiteRtMode.DYNAMIC_RANGE in modes else modes[-1]
    ladders = [
        *alone,
        [plan_of(strongest, step, None, called) for step in prunings],
        *([plan_of(strongest, None, step, called) for step in ladder] for ladder in students),
    ]
    return Ladders(
        [ladder for ladder in ladders if ladder],
        lambda plan: [plan_of(strongest, step, plan.distillation, called) for step in prunings],
    )


def saved_model_ladders(job: Job, search: Search) -> Ladders[SavedModelPlan]:
    """Return the ladders for a SavedModel.

    Raises:
        BadInputError: one of the steps to combine is not for SavedModels, or is there twice.
        UnsupportedError: one of them is not for this processor.
    """
    steps = job.recipe.steps
    quantizations = [step for step in steps if isinstance(step, Quantization)]
    if any(step.mode != "bfloat16" for step in quantizations):
        raise BadInputError(
            "search() may combine distillation, pruning, freezing and bfloat16() for SavedModels, got "
            + ", ".join(f"{step.mode}()" for step in quantizations)
        )
    if quantizations and job.architecture is not Architecture.X86_64:
        raise no_bfloat16(job.architecture)
    refuse_repeated(steps)
    # Zeros pay only where the archive is fetched, which is for the user to say.
    prunings, students = _trained(steps, search, prune=False)
    called = names_of(steps)
    freeze = not steps or any(isinstance(step, Freeze) for step in steps)
    ladders = [
        [saved_model_plan(strip=True)],
        [saved_model_plan(freeze=True)] if freeze else [],
        [saved_model_plan(freeze=True, bfloat16=True)] if quantizations else [],
        [saved_model_plan(strip=True, pruning=step, called=called) for step in prunings],
        *([saved_model_plan(strip=True, distillation=step, called=called) for step in ladder] for ladder in students),
    ]
    return Ladders(
        [ladder for ladder in ladders if ladder],
        lambda plan: [
            saved_model_plan(strip=True, pruning=step, distillation=plan.distillation, called=called)
            for step in prunings
        ],
    )


def trainable(job: Job, ladders: Ladders[Plan], reference: Reference, progress: Progress) -> Ladders[Plan]:
    """Leave out what would be trained where nobody named it and there is too little to train on."""
    if (
        job.recipe.steps
        or reference.training.count
        or not any(one.pruning or one.distillation for one in ladders.plans)
    ):
        return ladders
    parts = (reference.calibration, reference.selection, reference.datasets[reference.default])
    progress.warn(
        "search() did not try students and pruning, which learn from a part of the evaluation data: of "
        f"{sum(part.count for part in parts)} samples that part is smaller than {ENOUGH_TO_TRAIN}; give more, the more "
        "the better"
    )
    kept = [[plan for plan in ladder if not plan.pruning and not plan.distillation] for ladder in ladders.ladders]
    return replace(ladders, ladders=[ladder for ladder in kept if ladder])


def _trained(steps: Sequence[Step], search: Search, *, prune: bool) -> tuple[list[Pruning], list[list[Distillation]]]:
    """Return the prunings from mild to strong, and the ladders of students."""
    prunings = [step for step in steps if isinstance(step, Pruning)]
    distillations = [step for step in steps if isinstance(step, Distillation)]
    if not steps:
        # Zeros make nothing faster.
        wanted = prune and search.objective == "size"
        prunings = [Pruning(sparsity=share) for share in _SPARSITIES] if wanted else []
        distillations = [Distillation(student=Student(size=size)) for size in _SIZES]
    built = [step for step in distillations if step.student.size is not None]
    built.sort(key=lambda step: _SIZES.index(step.student.size or StudentSize.TINY))
    # How large a given student is beside another is not known here: each stands alone.
    given = [[step] for step in distillations if step.student.size is None]
    return sorted(prunings, key=lambda step: step.sparsity), [built, *given] if built else given
