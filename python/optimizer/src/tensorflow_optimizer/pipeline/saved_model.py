"""A job whose artifact is a SavedModel for TensorFlow Serving."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..draft import MODEL_DIRECTORY
from ..errors import OptimizerError, UnsupportedError
from ..gate import check_measurable, plan_gate
from ..manifest import Requirements, Signature, Tensor
from ..outcome import CandidateStatus, EvidenceKind
from ..runners import SavedModelRunner
from ..signatures import read_signatures, select_for_serving, state_writers
from ..signatures.fixed import is_batched
from .build_saved_model import BuiltSavedModel, SavedModelShop
from .evaluate import Judge, record, refusal, with_status
from .lessons import make_lessons
from .plan import SavedModelPlan, saved_model_plans
from .reference import Endpoint, Subject, measure_original
from .students import open_students
from .teacher_gain import taught
from .trained import Trainer

if TYPE_CHECKING:
    from pathlib import Path

    from ..config import Job
    from ..outcome import Candidate
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource
    from .inputs import Inputs
    from .progress import Progress


@dataclass(frozen=True)
class ChosenSavedModel:
    """The candidate that is published."""

    candidate: Candidate
    built: BuiltSavedModel
    judge: Judge
    signatures: dict[str, Signature]
    serving_version: str | None
    cpu_features: list[str]
    """`bf16`: that a processor computes with bfloat16, by AVX-512 or by AMX."""
    unverified: bool = False
    reset_state: bool = False

    def write(self, output: Path) -> int:
        """Copy the model into OUT/model/ and return its size."""
        shutil.copytree(self.built.directory, output / MODEL_DIRECTORY, dirs_exist_ok=True)
        return self.built.size_bytes

    def requirements(self) -> Requirements:
        """Return what the server must offer."""
        return Requirements(minimum_serving_version=self.serving_version, cpu_features=self.cpu_features)


def make_saved_model(
    job: Job, source: OpenedSource, inputs: Inputs, work: Path, progress: Progress
) -> ChosenSavedModel:
    """Make the SavedModel that the recipe means, load it, and compare it with the original.

    Raises:
        OptimizerError: it may not be published.
    """
    plans = saved_model_plans(job, source.kind, has_data=inputs.evaluation is not None)
    if source.directory is None:
        raise OptimizerError("there is no SavedModel to serve")
    default, specs = select_for_serving(read_signatures(source.meta_graph), job.source)
    stateful = any(state_writers(source.meta_graph, spec) for spec in specs.values())
    original = SavedModelRunner(
        source.directory, source.tags, specs, reset_state=stateful, saved_by=source.tensorflow_version
    )
    endpoints = {name: Endpoint(spec, None, job.source.input_shapes) for name, spec in specs.items()}
    subject = Subject(original, default, endpoints, source.size_bytes, stateful)
    students = open_students(job, inputs.students, specs[default], work)
    trained = any(plan.pruning or plan.distillation for plan in plans)
    has_data = inputs.evaluation is not None
    reference = measure_original(job, inputs.evaluation, subject, progress, train=has_data and trained)
    tasks, labelled = reference.tasks[default], reference.labelled
    check_measurable(job.gate, tasks, labelled, reference.evidence)
    judge = Judge(reference, plan_gate(job, tasks, labelled, reference.evidence, reference.float_outputs), original)
    lessons = make_lessons(reference, [plan.distillation for plan in plans if plan.distillation], progress)
    trainer = Trainer(source, specs[default], lessons, students, work, job.seed)
    shop = SavedModelShop(trainer, specs, reference.datasets, reference.batch, stateful)
    for number, plan in enumerate(plans):
        try:
            built = shop.build(plan, progress)
        except UnsupportedError as error:
            progress.add(record(plan.name, CandidateStatus.FAILED, str(error)))
            if len(plans) == 1:
                raise
            if number + 1 < len(plans):
                progress.warn(f"{error}; it is stripped instead, which changes no answer")
            continue
        candidate = judge.evaluate(plan.name, built, built.signatures)
        if plan.distillation is not None:
            candidate = taught(candidate, plan, built, shop, judge, progress)
        if candidate.status is not CandidateStatus.PASSED:
            progress.add(candidate)
            continue
        candidate = with_status(candidate, CandidateStatus.CHOSEN)
        progress.add(candidate)
        for later in plans[number + 1 :]:
            progress.add(record(later.name, CandidateStatus.SKIPPED, f"{plan.name} passed before it was its turn"))
        return ChosenSavedModel(
            candidate,
            built,
            judge,
            _describe(specs),
            _serving_version(plan, source),
            ["bf16"] if plan.bfloat16 else [],
            unverified=plan.bfloat16 and reference.evidence is EvidenceKind.GENERATED,
        )
    raise refusal(progress.candidates)


def _describe(specs: dict[str, SignatureSpec]) -> dict[str, Signature]:
    return {
        name: Signature(
            batched=is_batched(spec, {}),
            method_name=spec.method_name,
            inputs={key: _tensor(tensor.dtype, tensor.shape) for key, tensor in spec.inputs.items()},
            outputs={key: _tensor(tensor.dtype, tensor.shape) for key, tensor in spec.outputs.items()},
        )
        for name, spec in specs.items()
    }


def _tensor(dtype: str, shape: tuple[int | None, ...] | None) -> Tensor:
    return Tensor(dtype=dtype, shape=[-1 if size is None else size for size in shape or ()])


def _serving_version(plan: SavedModelPlan, source: OpenedSource) -> str | None:
    """TensorFlow Serving's versions follow TensorFlow's: major and minor of what wrote the file."""
    import tensorflow as tf

    version = tf.__version__ if plan.strip or plan.freeze else source.tensorflow_version
    return ".".join(version.split(".")[:2]) if version else None
