"""The search space: independent branches of candidates, each from mild to strong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic

from ..candidates.candidate import PlanT
from ..candidates.plans import (
    LiteRtPlan,
    SavedModelPlan,
    litert_mode,
    no_bfloat16,
    quantized_plan,
    saved_model_plan,
)
from ..candidates.recipe_rules import hints_of, listed
from ..candidates.suited_plans import DENSE_IN_BLOCKS, DEPTHWISE_IN_FLOAT
from ..conversion import LiteRtMode
from ..data import MINIMUM_TRAINING_SAMPLES
from ..documents.job import Architecture, Distillation, Freeze, Pruning, Strip, Student, StudentSize
from ..documents.quantization import Quantization
from ..errors import BadInputError
from ..hints import Hint
from .step_names import names_of, refuse_repeated

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..documents.job import Job, Search, Step
    from ..processes.progress import Progress
    from ..reference.measure import Reference

#: Modes of quantization, from mild to strong.
_MODES = (LiteRtMode.FLOAT16, LiteRtMode.DYNAMIC_RANGE, LiteRtMode.MIXED, LiteRtMode.FULL_INTEGER)
#: Branches of a search whose steps are not given; `suited_plans` leaves out what suits no layer of the original.
_QUANTIZATIONS = [
    [Quantization(mode="float16")],
    [Quantization(mode="dynamicRange")],
    [DEPTHWISE_IN_FLOAT],
    DENSE_IN_BLOCKS,
    [Quantization(mode="fullInteger")],
]
_SPARSITIES = (0.5, 0.7, 0.8, 0.9)
_SIZES = (StudentSize.MEDIUM, StudentSize.SMALL, StudentSize.TINY)


@dataclass(frozen=True)
class SearchSpace(Generic[PlanT]):
    """The candidates that a search may try."""

    branches: list[list[PlanT]]
    """Independent of each other; within one, from mild to strong."""
    refinements: Callable[[PlanT], list[PlanT]]
    """Returns further candidates made from the smallest student that passed, from mild to strong."""

    @property
    def plans(self) -> list[PlanT]:
        """All plans of the branches."""
        return [plan for branch in self.branches for plan in branch]


def litert_space(job: Job, search: Search) -> SearchSpace[LiteRtPlan]:
    """Return the branches for a .tflite file.

    Raises:
        BadInputError: one of the steps to combine is not for LiteRT, or is there twice.
    """
    steps = job.recipe.steps
    graph = [step.step for step in steps if isinstance(step, (Strip, Freeze))]
    if graph:
        raise BadInputError(
            f"a search may combine distillation, pruning and quantizations for LiteRT, got {', '.join(graph)}",
            *hints_of(step for step in steps if isinstance(step, (Strip, Freeze))),
        )
    if job.recipe.recovers:
        raise BadInputError(
            "a search compares candidates of one each, and full-integer quantization that recovers makes several; "
            "quantize so in a recipe of given steps, or leave the recovery out",
            Hint.FULL_INTEGER,
            Hint.RECIPE_STEPS,
        )
    refuse_repeated(steps)
    prunings, students = _trained(steps, search, prune=True)
    called = names_of(steps)
    quantizations = [step for step in steps if isinstance(step, Quantization)]
    branches = [[step] for step in sorted(quantizations, key=lambda step: _MODES.index(litert_mode(step)))]
    if not steps:
        branches = _QUANTIZATIONS
    tried = [step for branch in branches for step in branch]
    strongest = next((step for step in tried if step.mode == "dynamicRange"), tried[-1] if tried else None)
    return SearchSpace(
        [
            # The unchanged file remains when everything else is refused.
            [quantized_plan(None)],
            *([quantized_plan(step) for step in branch] for branch in branches),
            *([[quantized_plan(strongest, step, None, called) for step in prunings]] if prunings else []),
            *([quantized_plan(strongest, None, step, called) for step in branch] for branch in students),
        ],
        lambda plan: [quantized_plan(strongest, step, plan.distillation, called) for step in prunings],
    )


def saved_model_space(job: Job, search: Search) -> SearchSpace[SavedModelPlan]:
    """Return the branches for a SavedModel.

    Raises:
        BadInputError: one of the steps to combine is not for SavedModels, or is there twice.
        UnsupportedError: one of them is not for this processor.
    """
    steps = job.recipe.steps
    quantizations = [step for step in steps if isinstance(step, Quantization)]
    if any(step.mode != "bfloat16" for step in quantizations):
        raise BadInputError(
            f"a search may combine distillation, pruning, freezing and bfloat16 for SavedModels, got "
            f"{listed(quantizations)}",
            *hints_of(quantizations),
        )
    if quantizations and job.architecture is not Architecture.X86_64:
        raise no_bfloat16(job.architecture)
    refuse_repeated(steps)
    # Zeros shrink only the archive, so pruning is for the user to ask for.
    prunings, students = _trained(steps, search, prune=False)
    called = names_of(steps)
    freeze = not steps or any(isinstance(step, Freeze) for step in steps)
    branches = [
        [saved_model_plan(strip=True)],
        [saved_model_plan(freeze=True)] if freeze else [],
        [saved_model_plan(freeze=True, bfloat16=True)] if quantizations else [],
        [saved_model_plan(strip=True, pruning=step, called=called) for step in prunings],
        *([saved_model_plan(strip=True, distillation=step, called=called) for step in branch] for branch in students),
    ]
    return SearchSpace(
        [branch for branch in branches if branch],
        lambda plan: [
            saved_model_plan(strip=True, pruning=step, distillation=plan.distillation, called=called)
            for step in prunings
        ],
    )


def without_training(
    job: Job, space: SearchSpace[PlanT], reference: Reference, progress: Progress
) -> SearchSpace[PlanT]:
    """Leave out default candidates that need training, where there are too few samples to train on."""
    if job.recipe.steps or reference.training.count or not any(plan.trains for plan in space.plans):
        return space
    parts = (reference.calibration, reference.selection, reference.datasets[reference.default])
    progress.warn(
        "the search did not try students and pruning, which learn from a part of the evaluation data: of "
        f"{sum(part.count for part in parts)} samples that part is smaller than {MINIMUM_TRAINING_SAMPLES}; give more, "
        "the more the better",
        Hint.EVALUATION_DATA,
    )
    kept = [[plan for plan in branch if not plan.trains] for branch in space.branches]
    return replace(space, branches=[branch for branch in kept if branch])


def _trained(steps: Sequence[Step], search: Search, *, prune: bool) -> tuple[list[Pruning], list[list[Distillation]]]:
    """Return the prunings from mild to strong, and the branches of students."""
    prunings = [step for step in steps if isinstance(step, Pruning)]
    distillations = [step for step in steps if isinstance(step, Distillation)]
    if not steps:
        # Zeros make nothing faster.
        by_size = prune and search.objective == "size"
        prunings = [Pruning(sparsity=share) for share in _SPARSITIES] if by_size else []
        distillations = [Distillation(student=Student(size=size)) for size in _SIZES]
    built = [step for step in distillations if step.student.size is not None]
    built.sort(key=lambda step: _SIZES.index(step.student.size or StudentSize.TINY))
    # How large a given student is beside another is not known here: each stands alone.
    given = [[step] for step in distillations if step.student.size is None]
    return sorted(prunings, key=lambda step: step.sparsity), [built, *given] if built else given
