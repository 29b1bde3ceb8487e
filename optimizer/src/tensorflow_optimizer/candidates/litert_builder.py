"""Builds the .tflite candidates of a job: leaves make the files, and nothing else of what they say is believed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..conversion import LiteRtMode
from ..conversion.leaf import FIXED
from ..documents.plain import from_plain, to_plain
from ..errors import UnsupportedError
from ..sandbox import Wanted
from ..signatures import FixedSignature, equal_among
from ..sources import SavedModelSource, take_saved_model
from ..training.carried import carried
from ..training.once import Once
from .leaf import CALIBRATION, FILE, FLOATS, MADE
from .litert_artifact import LiteRtArtifact
from .plans import LiteRtPlan, Measure, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..data import Dataset
    from ..processes.progress import Progress
    from ..runners.runner import Arrays
    from ..sandbox import Sandbox
    from ..signatures import Selection
    from ..sources import SavedModelFiles
    from ..text import SplitModel
    from ..training.trainer import Trainer

_MAKE, _FIX = "tensorflow_optimizer.candidates.leaf:make_file", "tensorflow_optimizer.conversion.leaf:fix_saved_model"
#: Method name that TensorFlow gives the signatures of the functions that it saves.
_PREDICT = "tensorflow/serving/predict"


@dataclass(frozen=True)
class LiteRtCandidateBuilder:
    """Holds everything that candidates are built from."""

    sandbox: Sandbox
    trainer: Trainer
    selection: Selection
    """The original's signatures."""
    reset_state: bool
    calibration: Dataset
    as_it_is: LiteRtArtifact | None = None
    """The original, when it is a .tflite file."""
    text: SplitModel | None = None
    """The text part of the original, where it takes text or categories."""
    environment: Mapping[str, str] | None = None
    """Variables of the leaves."""
    _once: Once = field(default_factory=Once)
    _equal: dict[Path, dict[str, str]] = field(default_factory=dict)

    @property
    def data_bytes(self) -> int:
        """Greatest size in bytes of the data that a leaf gets."""
        samples = sum(value.nbytes for value in self.calibration.inputs.values())
        return samples + self.trainer.training_data.size_bytes

    def build(self, plan: LiteRtPlan, progress: Progress) -> LiteRtArtifact:
        """Build a candidate.

        Raises:
            UnsupportedError: LiteRT cannot hold the model.
        """
        if self.as_it_is is not None and plan.distillation is None:
            return self._of_file(self.as_it_is, plan, progress.of_candidate(plan.name))
        source = self.trainer.trained(plan.distillation, plan.pruning, list(self.selection.signatures), progress)
        # Candidates share what is trained and so its warnings, but not those below.
        progress = progress.of_candidate(plan.name)
        signatures, reset_state = dict(self.selection.signatures), self.reset_state
        if plan.distillation is not None:
            signatures, reset_state = self._of_student(progress), False
        converter = _Converter(self, source, signatures, progress)
        return converter.converted(plan, reset_state=reset_state)

    def _of_file(self, original: LiteRtArtifact, plan: LiteRtPlan, progress: Progress) -> LiteRtArtifact:
        if plan.measure is None and plan.mode is LiteRtMode.FLOAT32:
            return original
        file, floats = self.made(original.file, [self.selection.default], plan, progress)
        return replace(original, file=file, floats=floats)

    def labels_only(self) -> LiteRtCandidateBuilder | None:
        """Return a builder that trains the same candidates on labels alone, or None if there are too few labels."""
        trainer = self.trainer.labels_only()
        return None if trainer is None else replace(self, trainer=trainer)

    def with_environment(self, environment: Mapping[str, str]) -> LiteRtCandidateBuilder:
        """Return a builder whose leaves have these variables."""
        return replace(self, trainer=replace(self.trainer, environment=environment), environment=environment)

    def _of_student(self, progress: Progress) -> dict[str, FixedSignature]:
        """A student has only the default signature, with its teacher's shapes."""
        for name in self.selection.signatures:
            if name != self.selection.default:
                progress.warn(f"the signature {name!r} is left out: a student learns the default one only")
        teacher = self.selection.signatures[self.selection.default]
        return {teacher.name: replace(teacher, spec=replace(teacher.spec, method_name=_PREDICT))}

    def fixed(self, source: SavedModelFiles, signatures: list[FixedSignature]) -> tuple[Path, dict[str, str]]:
        """Return a SavedModel with the fixed shapes of signatures, which is made once, and which of them are equal."""
        place = self.trainer.work / f"fixed-{key_of(str(source.directory), [item.name for item in signatures])}"
        with self._once.making(place) as unfinished:
            if unfinished is not None:
                request = {
                    "path": str(source.directory),
                    "tags": source.tags,
                    "signatures": to_plain(list[FixedSignature], signatures),
                }
                with self.sandbox.leaf(_FIX, read=[source.directory], environment=self.environment) as leaf:
                    equal = from_plain(dict[str, str], leaf.ask(request).document.get("equal"), "equal signatures")
                    take_saved_model(self.sandbox, leaf, FIXED, unfinished, self.trainer.allowed_operations)
                self._equal[place] = equal
        return place, self._equal[place]

    def made(self, place: Path, names: list[str], plan: LiteRtPlan, progress: Progress) -> tuple[Path, Path | None]:
        """Return the file that a leaf made, and the file of floats that it was quantized from, if there is one.

        Args:
            place: A SavedModel with fixed shapes, or a .tflite file.
            names: The signatures to keep; there is data for the first.
            plan: What to make. The weights are trained already.
            progress: Receives messages and warnings.
        """
        arrays: Arrays = {}
        if plan.calibrates or plan.measure is not None:
            arrays = {f"{CALIBRATION}{name}": value for name, value in self.calibration.inputs.items()}
        training_set = self.trainer.training_data.for_recovery() if plan.measure is Measure.TRAINING else None
        document, samples = carried(training_set)
        request: dict[str, Any] = {
            "path": str(place),
            "names": names,
            "plan": to_plain(LiteRtPlan, replace(plan, pruning=None, distillation=None)),
            "batched": self.calibration.batched,
            "trainingSet": document,
            "trainingCount": self.trainer.training_data.count,
            "seed": self.trainer.seed,
        }
        destination = self.trainer.work / f"file-{key_of(str(place), plan)}"
        with self._once.making(destination) as unfinished:
            if unfinished is not None:
                with self.sandbox.leaf(_MAKE, read=[place], environment=self.environment, progress=progress) as leaf:
                    leaf.ask(request, {**arrays, **samples})
                    leaf.end()
                    leaf.take(Wanted(MADE, (FILE, FLOATS), (FILE,)), unfinished)
        floats = destination / FLOATS
        return destination / FILE, floats if floats.is_file() else None


class _Converter:
    """Converts one SavedModel, and leaves out signatures that LiteRT cannot hold."""

    def __init__(
        self,
        builder: LiteRtCandidateBuilder,
        source: SavedModelFiles,
        signatures: dict[str, FixedSignature],
        progress: Progress,
    ) -> None:
        self._builder = builder
        self._source = source
        self._signatures = signatures
        self._default = builder.selection.default
        self._progress = progress
        original = builder.trainer.source
        if isinstance(original, SavedModelSource) and source == original.files:
            self._equal = equal_among(original.signatures, signatures)
        elif len(signatures) == 1:
            self._equal = {}
        else:
            self._equal = builder.fixed(source, list(signatures.values()))[1]

    def converted(self, plan: LiteRtPlan, *, reset_state: bool) -> LiteRtArtifact:
        """Return the file.

        Raises:
            UnsupportedError: LiteRT cannot hold the model.
        """
        if plan.calibrates and len(self._in_file) > 1:
            self._leave_out("there is no data to calibrate it with")
        try:
            file, floats = self._convert(plan)
        except UnsupportedError as error:
            if len(self._in_file) == 1:
                raise
            self._leave_out(str(error), *error.hints)
            file, floats = self._convert(plan)
        aliases = {name: entry for name, entry in self._equal.items() if name in self._signatures}
        builder = self._builder
        return LiteRtArtifact(
            builder.sandbox,
            file,
            dict(self._signatures),
            reset_state,
            aliases,
            floats=floats,
            text=builder.text,
        )

    @property
    def _in_file(self) -> list[str]:
        """Names of the signatures that are converted, the default one first."""
        return [name for name in self._signatures if name not in self._equal]

    def _convert(self, plan: LiteRtPlan) -> tuple[Path, Path | None]:
        place, _ = self._builder.fixed(self._source, [self._signatures[name] for name in self._in_file])
        return self._builder.made(place, self._in_file, plan, self._progress)

    def _leave_out(self, reason: str, *hints: Any) -> None:
        for name in [name for name in self._signatures if self._equal.get(name, name) != self._default]:
            self._progress.warn(f"the signature {name!r} is left out: {reason}", *hints)
            del self._signatures[name]
