"""Publishes a .tflite file for Lambda."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..candidates.equivalence import find_difference, first_rows
from ..candidates.evaluator import RESTS_ABOVE_BYTES, with_status
from ..candidates.litert_artifact import LoadedLiteRt
from ..candidates.litert_builder import LiteRtCandidateBuilder
from ..candidates.parallel import build
from ..candidates.plans import LiteRtPlan, litert_plans, plan_of
from ..candidates.suited_plans import check_tflite_recipe, suited_plans
from ..candidates.unverified import why_unverified
from ..conversion import LiteRtMode
from ..documents.document import sha256_of
from ..documents.draft import LITERT_FILE, MODEL_DIRECTORY
from ..documents.job import Distillation, Pruning
from ..documents.manifest import Requirements, Runtime, TextReference
from ..documents.outcome import CandidateStatus, EvidenceKind
from ..documents.quantization import Quantization
from ..documents.text import TEXT_FILE
from ..errors import OptimizerError, UnsupportedError
from ..hints import Hint
from ..proof import RefusedError, prove, prove_images, prove_text
from ..runners import RunError
from ..search.space import litert_space
from ..signatures import equal_among
from ..signatures.images import image_input, image_of, with_image
from ..sources import TfliteSource, saved_model_of
from .litert_original import LiteRtOriginal, open_original
from .target_format import ChosenCandidate, TargetFormat

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..candidates.candidate import CandidateBuilder
    from ..candidates.evaluator import CandidateEvaluator
    from ..candidates.trial import Trial
    from ..documents.job import Job, Search
    from ..documents.manifest import ImageProof, RunTimes, Signature
    from ..documents.outcome import Candidate
    from ..processes.progress import Progress
    from ..proof import Proof, ServingTimes
    from ..reference.measure import Reference
    from ..reference.subject import Subject
    from ..runners import Runner
    from ..sandbox import Sandbox
    from ..search.space import SearchSpace
    from ..sources import OpenedSource
    from ..training.trainer import Trainer


@dataclass(frozen=True)
class ChosenLiteRt(ChosenCandidate):
    """The .tflite file to publish."""

    loaded: LoadedLiteRt
    proof: Proof

    @property
    def reset_state(self) -> bool:
        """True if the server must restore variables before every request."""
        return self.loaded.reset_state

    def write(self, output: Path) -> int:
        """Write the model into OUT/model/ and return its size in bytes."""
        directory = output / MODEL_DIRECTORY
        directory.mkdir(parents=True, exist_ok=True)
        (directory / LITERT_FILE).write_bytes(self.loaded.content)
        for name, path in self.loaded.text.files.items() if self.loaded.text else ():
            (directory / name).write_bytes(path.read_bytes())
        return self.loaded.size_bytes

    def text(self) -> TextReference | None:
        """Return the name and digest of the steps on text and categories."""
        if self.loaded.text is None:
            return None
        return TextReference(sha256=sha256_of(self.loaded.text.files[TEXT_FILE].read_bytes()))

    def requirements(self) -> Requirements:
        """Return the requirements for the function."""
        return Requirements(
            runtime=self.proof.runtime,
            native_refusal=self.proof.native_refusal,
            peak_memory_mebibytes=self.proof.peak_mebibytes,
        )

    def runs(self) -> dict[str, RunTimes]:
        """Return the times of runs in the native program."""
        return self.proof.runs

    def images(self) -> ImageProof | None:
        """Return how its answers to images differ from those to TensorFlow's numbers."""
        return self.proof.images

    def times(self) -> ServingTimes:
        """Return the times of the runtime that serves the model."""
        return self.proof.times


class LiteRtFormat(TargetFormat[LiteRtPlan, LoadedLiteRt]):
    """Makes .tflite files."""

    def __init__(self, job: Job, source: OpenedSource, sandbox: Sandbox, work: Path, progress: Progress) -> None:
        super().__init__(job, source, sandbox, work, progress)
        self._opened: LiteRtOriginal | None = None
        self._is_text_proved = False

    @property
    def _original(self) -> LiteRtOriginal:
        if self._opened is None:
            raise OptimizerError("the original was not opened yet")
        return self._opened

    def plans(self, *, has_data: bool) -> list[LiteRtPlan]:
        """Return the candidates of the recipe in their order; none for a search."""
        if isinstance(self.source, TfliteSource):
            check_tflite_recipe(self.job)
        return [] if self.job.recipe.search is not None else litert_plans(self.job, has_data=has_data)

    def search_space(self, search: Search) -> SearchSpace[LiteRtPlan]:
        """Return the search space."""
        return litert_space(self.job, search)

    def open_original(self) -> Subject:
        """Load the original, and select the signatures to publish."""
        self._opened = open_original(self.job, self.source, self.sandbox, self.work, self.progress)
        self._check_image(self._opened)
        return self._opened.subject

    def _check_image(self, original: LiteRtOriginal) -> None:
        """Refuse an input that can take no images before candidates are built."""
        if self.job.image is not None:
            fixed = original.selection.signatures[original.selection.default]
            name = image_input(self.job.image, list(fixed.shapes))
            image_of(self.job.image, name, fixed.spec.inputs[name].dtype, fixed.shapes[name])

    def suited(self, plans: list[LiteRtPlan]) -> list[LiteRtPlan]:
        """Return the plans that can be made of the original's layers."""
        plans = suited_plans(self.job, plans, self._original.layers)
        if self._original.text is None:
            return plans
        untrained = [plan for plan in plans if not plan.trains]
        if plans and not untrained:
            raise UnsupportedError(
                "the model takes text or categories, and pruning, distillation and recovery train models that take "
                "numbers alone; leave these steps out, or train the model before"
            )
        return untrained

    def restrict(self, space: SearchSpace[LiteRtPlan]) -> SearchSpace[LiteRtPlan]:
        """Leave out what needs calibration if there are several computations: only one has data for it."""
        space = replace(space, branches=[branch for branch in map(self.suited, space.branches) if branch])
        names = list(self._original.selection.signatures)
        tflite = isinstance(self.source, TfliteSource)
        equal = {} if tflite else equal_among(saved_model_of(self.source).signatures, names)
        signatures = [name for name in names if name not in equal]
        if len(signatures) < 2:
            return space
        kept = [[plan for plan in branch if not plan.calibrates or plan.distillation] for branch in space.branches]
        if sum(map(len, kept)) < len(space.plans):
            self.progress.warn(
                f"the search did not try full-integer quantization, which keeps only the signature that there is data "
                f"for, of {', '.join(map(repr, signatures))}; name the signature to publish to have it tried",
                Hint.SIGNATURE,
            )
        return replace(space, branches=[branch for branch in kept if branch])

    def needs_calibration(self, plans: Sequence[LiteRtPlan]) -> bool:
        """Say whether a plan needs calibration data."""
        return any(plan.calibrates for plan in plans)

    def builder(self, trainer: Trainer, reference: Reference) -> LiteRtCandidateBuilder:
        """Return the builder of candidates."""
        original, text = self._original, self._original.text
        selection, calibration = original.selection, reference.calibration
        if text is not None:
            selection, calibration = text.selection, text.encoded(calibration)
            trainer = replace(trainer, source=text.numeric, teacher=selection.signatures[selection.default].spec)
        return LiteRtCandidateBuilder(
            self.sandbox,
            trainer,
            selection,
            original.subject.stateful,
            calibration,
            original.as_it_is,
            text,
        )

    def baseline(self, builder: CandidateBuilder[LiteRtPlan, LoadedLiteRt]) -> Runner | None:
        """Return the model's own float32 conversion, or the user's .tflite file, to compare latency with."""
        original = self._original
        if original.as_it_is is not None:
            return original.subject.runner
        try:
            loaded = build(builder, plan_of(LiteRtMode.FLOAT32), self.progress).load()
        except OptimizerError as error:
            self.progress.say(f"no float32 conversion to compare the latency with ({error})")
            return None
        if loaded.size_bytes > RESTS_ABOVE_BYTES:
            loaded.runner.rest()
        return loaded.runner

    def check(self, plan: LiteRtPlan, loaded: LoadedLiteRt, reference: Reference) -> None:
        """Check that fixed shapes changed no number of a .tflite file.

        Raises:
            UnsupportedError: it answers differently.
        """
        if self._original.as_it_is is None or plan.distillation or plan.mode is not LiteRtMode.FLOAT32:
            return
        specs = {name: signature.spec for name, signature in self._original.selection.signatures.items()}
        datasets = first_rows(reference.datasets, reference.batch)
        difference = find_difference(reference.runner, loaded.runner, specs, datasets, reference.batch)
        if difference is not None:
            raise UnsupportedError(f"the .tflite file answers differently with fixed shapes: {difference}")

    def none_supported(
        self, errors: Sequence[UnsupportedError], plans: Sequence[LiteRtPlan]
    ) -> UnsupportedError | None:
        """Return the first error: LiteRT rejects a model for the same reason in every mode."""
        return errors[0] if len(errors) == len(plans) else None

    def accept(self, trial: Trial[LiteRtPlan, LoadedLiteRt], evaluator: CandidateEvaluator) -> ChosenLiteRt | None:
        """Prove which runtime serves the candidate."""
        loaded = trial.loaded
        proof = self._prove(loaded, trial.candidate, evaluator)
        if proof is None:
            return None
        changed = self._is_changed(trial.plan, evaluator.reference)
        reason = why_unverified(evaluator, loaded.runner, loaded.signatures, changed=changed)
        return ChosenLiteRt(trial.candidate, loaded, evaluator, proof.signatures, reason, proof)

    def _prove(self, loaded: LoadedLiteRt, candidate: Candidate, evaluator: CandidateEvaluator) -> Proof | None:
        self.progress.say(f"proving the runtime for {candidate.name}")
        datasets, image = evaluator.reference.datasets, self.job.image
        signatures = loaded.signatures
        if image is not None:
            signatures = with_image(signatures, evaluator.reference.default, image)
        try:
            self._prove_text(signatures, evaluator)
            proof = prove(
                self.sandbox,
                loaded.content,
                self.job.model,
                signatures,
                datasets,
                loaded.runner,
                reset_state=loaded.reset_state,
                text=self._original.text.files if self._original.text else None,
            )
        except (RunError, RefusedError) as error:
            self.progress.add(with_status(candidate, CandidateStatus.FAILED, str(error)))
            return None
        if proof.runtime is not Runtime.NATIVE and image is not None:
            reason = f"only the native runtime decodes images, and it cannot serve this model: {proof.native_refusal}"
            self.progress.add(with_status(candidate, CandidateStatus.FAILED, reason))
            return None
        if image is not None:
            return self._with_images(proof, loaded, candidate, evaluator.reference)
        if proof.runtime is not Runtime.NATIVE:
            self.progress.warn(
                f"the native runtime cannot serve this model, the numpy runtime will: {proof.native_refusal}"
            )
        return proof

    def _prove_text(self, signatures: dict[str, Signature], evaluator: CandidateEvaluator) -> None:
        """Compare the numbers that the native program makes of texts, once: all candidates have the same steps.

        Raises:
            RefusedError: It makes other numbers than TensorFlow.
        """
        text = self._original.text
        if text is None or self._is_text_proved:
            return
        count = prove_text(self.sandbox, self.job.model, text, signatures, evaluator.reference.datasets)
        self._is_text_proved = True
        self.progress.say(f"the native runtime makes the same numbers of {count:,} samples with text as TensorFlow")

    def _with_images(
        self, proof: Proof, loaded: LoadedLiteRt, candidate: Candidate, reference: Reference
    ) -> Proof | None:
        """Compare what the native program and TensorFlow make of the images of the evaluation data."""
        default = reference.default
        dataset, tasks = reference.datasets[default], reference.tasks[default]
        try:
            compared = prove_images(
                self.sandbox, loaded.content, self.job.model, proof.signatures, dataset, tasks, loaded.runner
            )
        except RefusedError as error:
            refused = with_status(candidate, CandidateStatus.FAILED, f"the native runtime serves no images: {error}")
            self.progress.add(refused)
            return None
        if compared is not None:
            self.progress.say(f"the native runtime decides on {compared.pictures} images as on TensorFlow's numbers")
        return replace(proof, images=compared)

    def _is_changed(self, plan: LiteRtPlan, reference: Reference) -> bool:
        """Say whether the candidate's numbers may differ from the original's by more than rounding."""
        if reference.evidence is EvidenceKind.GENERATED:
            # Without data, the default candidates do not change decisions, as far as numbers can show.
            steps = self.job.recipe.steps
            changed = any(isinstance(step, (Distillation, Pruning, Quantization)) for step in steps)
            return changed or not reference.float_outputs
        return bool(plan.mode is not LiteRtMode.FLOAT32 or plan.pruning or plan.distillation)
