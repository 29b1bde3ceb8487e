"""Publishes a SavedModel for TensorFlow Serving."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..candidates.equivalence import find_difference, first_rows
from ..candidates.plans import SavedModelPlan, saved_model_fallback, saved_model_plans
from ..candidates.saved_model_builder import LoadedSavedModel, SavedModelCandidateBuilder
from ..candidates.unverified import why_unverified
from ..conversion import StrippingError
from ..documents.draft import MODEL_DIRECTORY
from ..documents.manifest import Requirements, Signature, Tensor
from ..processes import environment
from ..proof import ServingTimes
from ..reference.subject import EvaluatedSignature, Subject
from ..runners import RemoteSavedModel, RunError
from ..search.space import saved_model_space
from ..serving.footprint import with_footprint
from ..serving.warm_up import keep_extra_assets, write_warm_up
from ..signatures import refuse_python, select_for_serving
from ..signatures.fixed import is_batched
from ..sources import copy_files, saved_model_of
from .target_format import ChosenCandidate, TargetFormat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..candidates.candidate import CandidateBuilder
    from ..candidates.evaluator import CandidateEvaluator
    from ..candidates.trial import Trial
    from ..documents.job import Job, Search
    from ..documents.manifest import Draft
    from ..errors import UnsupportedError
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from ..sandbox import Sandbox
    from ..search.space import SearchSpace
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource, SavedModelSource
    from ..training.trainer import Trainer


@dataclass(frozen=True)
class ChosenSavedModel(ChosenCandidate):
    """The SavedModel to publish."""

    loaded: LoadedSavedModel
    serving_version: str | None
    cpu_features: list[str]
    """`bf16`: the processor computes with bfloat16, by AVX-512 or by AMX."""
    job: Job
    source: SavedModelSource
    sandbox: Sandbox
    progress: Progress

    def write(self, output: Path) -> int:
        """Copy the model's own files into OUT/model/ and return their size in bytes."""
        return copy_files(self.loaded.directory, self.loaded.names, output / MODEL_DIRECTORY)

    def requirements(self) -> Requirements:
        """Return the requirements for the server."""
        return Requirements(minimum_serving_version=self.serving_version, cpu_features=self.cpu_features)

    def times(self) -> ServingTimes:
        """Return the latency that the candidate was measured with."""
        metrics = self.candidate.metrics
        return ServingTimes(latency=metrics.latency_milliseconds if metrics else None)

    def finish(self, draft: Draft, output: Path) -> Draft:
        """Add extra assets and warm-up requests, and return the draft with the memory and time of loading."""
        reference, directory = self.evaluator.reference, output / MODEL_DIRECTORY
        all_signatures = self.job.source.signature_name is None or self.loaded.directory == self.source.directory
        keep_extra_assets(self.source.directory, directory, all_signatures=all_signatures, progress=self.progress)
        count = write_warm_up(self.job.model, directory, reference, self.job.warmup_records, self.progress)
        if count:
            self.progress.say(f"{count} samples of the evaluation data are published in the model as warm-up requests")
        return with_footprint(self.sandbox, draft, self.loaded.directory, reference, self.progress)


class SavedModelFormat(TargetFormat[SavedModelPlan, LoadedSavedModel]):
    """Makes SavedModels."""

    def __init__(self, job: Job, source: OpenedSource, sandbox: Sandbox, work: Path, progress: Progress) -> None:
        super().__init__(job, source, sandbox, work, progress)
        self._specs: dict[str, SignatureSpec] = {}
        self._stateful = False
        self._runner: RemoteSavedModel | None = None

    def plans(self, *, has_data: bool) -> list[SavedModelPlan]:
        """Return the candidates of the recipe in their order; none for a search."""
        return saved_model_plans(self.job, self.source.kind, has_data=has_data)

    def search_space(self, search: Search) -> SearchSpace[SavedModelPlan]:
        """Return the search space."""
        return saved_model_space(self.job, search)

    def open_original(self) -> Subject:
        """Load the original, and select the signatures to publish."""
        source = saved_model_of(self.source)
        default, self._specs = select_for_serving(source.specs, self.job.source)
        for name in self._specs:
            refuse_python(source.signatures[name])
        self._stateful = any(source.signatures[name].writers for name in self._specs)
        runner = RemoteSavedModel(
            self.sandbox,
            source.directory,
            source.tags,
            list(self._specs),
            reset_state=self._stateful,
            saved_by=source.tensorflow_version,
        )
        shapes = self.job.source.input_shapes
        signatures = {name: EvaluatedSignature(spec, None, shapes) for name, spec in self._specs.items()}
        self._runner = runner
        return Subject(runner, default, signatures, source.size_bytes, self._stateful)

    def builder(self, trainer: Trainer, reference: Reference) -> SavedModelCandidateBuilder:
        """Return the builder of candidates."""
        return SavedModelCandidateBuilder(self.sandbox, trainer, reference, self._specs, self._stateful)

    def baseline(self, builder: CandidateBuilder[SavedModelPlan, LoadedSavedModel]) -> Runner | None:  # noqa: ARG002 - the original needs no builder
        """Return the original."""
        return self._runner

    def check(self, plan: SavedModelPlan, loaded: LoadedSavedModel, reference: Reference) -> None:
        """Check that stripping changed no number.

        Raises:
            StrippingError: the stripped model answers differently from the original.
        """
        if not plan.strip or plan.pruning or plan.distillation:
            return
        # Compare as many rows as one call takes, so that sums are added in the same order.
        datasets = first_rows(reference.datasets, reference.batch)
        models = (reference.runner, loaded.runner)
        try:
            if find_difference(*models, self._specs, datasets, reference.batch, tolerance=0.0) is None:
                return
            difference = find_difference(*models, self._specs, datasets, reference.batch)
        except RunError as error:
            raise StrippingError(f"the stripped model does not run ({error})") from error
        if difference is not None:
            raise StrippingError(f"the stripped model is another one: {difference}")
        self.progress.warn(
            "TensorFlow rounds the stripped model's answers differently from the original's: some differ in their last "
            "digits"
        )

    def after_failure(
        self, plan: SavedModelPlan, error: UnsupportedError, left: list[SavedModelPlan]
    ) -> list[SavedModelPlan]:
        """Fall back from a frozen model to a stripped one, and from a stripped one to the original."""
        fallback = saved_model_fallback(self.job, plan)
        if not left and fallback is not None:
            left = [fallback]
        if left and isinstance(error, StrippingError):
            self.progress.warn(f"{error.reason}; the model is published unstripped instead, which changes no answer")
        elif left:
            self.progress.warn(f"{error}; it is stripped instead, which changes no answer", *error.hints)
        return left

    def none_supported(
        self, errors: Sequence[UnsupportedError], plans: Sequence[SavedModelPlan]
    ) -> UnsupportedError | None:
        """Return the error of the only plan; of several plans, the gate's error lists all reasons."""
        return errors[0] if errors and len(plans) == 1 else None

    def accept(self, trial: Trial[SavedModelPlan, LoadedSavedModel], evaluator: CandidateEvaluator) -> ChosenSavedModel:
        """Return the candidate as one to publish."""
        plan, loaded = trial.plan, trial.loaded
        changed = bool(plan.bfloat16 or plan.pruning or plan.distillation)
        return ChosenSavedModel(
            trial.candidate,
            loaded,
            evaluator,
            _describe({name: self._specs[name] for name in loaded.signatures}),
            why_unverified(evaluator, loaded.runner, loaded.signatures, changed=changed),
            _serving_version(plan, self.source),
            ["bf16"] if plan.bfloat16 else [],
            self.job,
            saved_model_of(self.source),
            self.sandbox,
            self.progress,
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
    """Return the major and minor version of the TensorFlow that wrote the file; TensorFlow Serving has the same."""
    made_here = plan.strip or plan.freeze
    version = environment.versions()["tensorflow"] if made_here else source.tensorflow_version
    return ".".join(version.split(".")[:2]) if version else None
