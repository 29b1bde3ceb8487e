"""A job whose artifact is a SavedModel for TensorFlow Serving."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..candidates.equivalence import find_difference, first_rows
from ..candidates.evaluator import Judge, record, refusal, with_status
from ..candidates.plans import SavedModelPlan, saved_model_plans
from ..candidates.saved_model_builder import BuiltSavedModel, SavedModelShop
from ..candidates.teacher_gain import taught
from ..candidates.unverified import why_unproven
from ..conversion import AS_IT_IS
from ..documents.draft import MODEL_DIRECTORY
from ..documents.manifest import Requirements, Signature, Tensor
from ..documents.outcome import CandidateStatus, Split
from ..errors import OptimizerError, UnsupportedError
from ..gate import check_measurable, plan_gate
from ..reference.measure import Endpoint, Subject, measure_original
from ..runners import RunError, SavedModelRunner
from ..search.requirements import check_has_data, check_searchable, with_search_gate
from ..search.search import Field, Trial, on_selection, search
from ..search.space import saved_model_ladders, trainable
from ..signatures import read_signatures, select_for_serving, state_writers
from ..signatures.fixed import is_batched
from ..training.given_students import open_students
from ..training.trainer import Trainer
from ..training.training_data import make_lessons

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.job import Job
    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource
    from .inputs import Inputs


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
    unproven: str
    """Why it is published as unverified; empty: it is not."""
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
    wanted = job.recipe.search
    job = with_search_gate(job)
    has_data = inputs.evaluation is not None
    check_has_data(job, has_data=has_data)
    checked = saved_model_plans(job, source.kind, has_data=has_data)
    ladders = saved_model_ladders(job, wanted) if wanted is not None else None
    plans = ladders.plans if ladders else checked
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
    reference = measure_original(
        job, inputs.evaluation, subject, progress, train=has_data and trained, select=wanted is not None
    )
    check_searchable(job, reference)
    if ladders is not None:
        ladders = trainable(job, ladders, reference, progress)
        plans = ladders.plans
    tasks, labelled = reference.tasks[default], reference.labelled
    check_measurable(job.gate, tasks, labelled, reference.evidence)
    gate = plan_gate(job, tasks, labelled, reference.evidence, reference.float_outputs, reference.other_outputs)
    judge = Judge(reference, gate, original)
    lessons = make_lessons(reference, [plan.distillation for plan in plans if plan.distillation], progress)
    trainer = Trainer(source, specs[default], lessons, students, work, job.seed)
    shop = SavedModelShop(trainer, specs, reference.datasets, reference.batch, stateful)
    publisher = _Publisher(source, shop, judge, specs, progress)
    if wanted is None or ladders is None:
        return _choose(plans, publisher, progress)
    selecting = replace(judge, reference=on_selection(reference), split=Split.SELECTION)
    return search(wanted, ladders, Field(shop, source.size_bytes, work, selecting, judge), publisher.found, progress)


def _choose(plans: list[SavedModelPlan], publisher: _Publisher, progress: Progress) -> ChosenSavedModel:
    """Try the plans in their order; the first that passes is chosen."""
    for number, plan in enumerate(plans):
        try:
            built = publisher.shop.build(plan, progress)
            publisher.check(plan, built)
        except UnsupportedError as error:
            progress.add(record(plan.name, CandidateStatus.FAILED, str(error)))
            if len(plans) == 1:
                raise
            if number + 1 < len(plans):
                progress.warn(f"{error}; it is stripped instead, which changes no answer")
            continue
        candidate = publisher.judge.evaluate(plan.name, built, built.signatures)
        if candidate.status is not CandidateStatus.PASSED:
            progress.add(publisher.compared(Trial(plan, built, candidate)))
            continue
        chosen = publisher.accepted(Trial(plan, built, candidate))
        for later in plans[number + 1 :]:
            progress.add(record(later.name, CandidateStatus.SKIPPED, f"{plan.name} passed before it was its turn"))
        return chosen
    raise refusal(progress.candidates)


@dataclass(frozen=True)
class _Publisher:
    """Makes a result of the candidate that is published."""

    source: OpenedSource
    shop: SavedModelShop
    judge: Judge
    specs: dict[str, SignatureSpec]
    progress: Progress

    def compared(self, one: Trial) -> Candidate:
        """Return the record of a candidate, with what its teacher added where it had one."""
        if one.plan.distillation is None:
            return one.candidate
        return taught(one.candidate, one.plan, one.built, self.shop, self.judge, self.progress)

    def check(self, plan: SavedModelPlan, built: BuiltSavedModel) -> None:
        """Hold stripping to what it promises: it changes no number.

        Raises:
            UnsupportedError: the stripped model answers otherwise than the original.
        """
        if not plan.strip or plan.pruning or plan.distillation:
            return
        reference = self.judge.reference
        # As many rows as one call takes, so that no sum is added in another order.
        asked = first_rows(reference.datasets, reference.batch)
        models = (reference.runner, built.runner)
        try:
            if find_difference(*models, self.specs, asked, reference.batch, tolerance=0.0) is None:
                return
            difference = find_difference(*models, self.specs, asked, reference.batch)
        except RunError as error:
            raise UnsupportedError(f"the stripped model does not run ({error}); {AS_IT_IS}") from error
        if difference is not None:
            raise UnsupportedError(f"the stripped model is another one: {difference}; {AS_IT_IS}")
        self.progress.warn(
            "TensorFlow rounds the stripped model's answers otherwise than the original's: some differ in their last "
            "digits"
        )

    def found(self, one: Trial) -> ChosenSavedModel | None:
        """Record what a search chose; None: it may not be published."""
        try:
            self.check(one.plan, one.built)
        except UnsupportedError as error:
            self.progress.add(record(one.plan.name, CandidateStatus.FAILED, str(error)))
            return None
        return self.accepted(one)

    def accepted(self, one: Trial) -> ChosenSavedModel:
        """Record the chosen candidate."""
        plan: SavedModelPlan = one.plan
        candidate = with_status(self.compared(one), CandidateStatus.CHOSEN)
        self.progress.add(candidate)
        changed = bool(plan.bfloat16 or plan.pruning or plan.distillation)
        return ChosenSavedModel(
            candidate,
            one.built,
            self.judge,
            _describe({name: self.specs[name] for name in one.built.signatures}),
            _serving_version(plan, self.source),
            ["bf16"] if plan.bfloat16 else [],
            why_unproven(self.judge, one.built.runner, one.built.signatures, changed=changed),
        )


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
