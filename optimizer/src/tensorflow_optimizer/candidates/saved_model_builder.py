"""Builds the SavedModel candidates of a job in leaves, and loads them the way the server does, in other ones."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..conversion import SERVE_TAGS, StrippingError
from ..documents.plain import to_plain
from ..errors import OptimizerError, UnsupportedError
from ..processes import environment
from ..processes.plain_text import one_line
from ..runners import RemoteSavedModel, RunError
from ..signatures import SignatureSpec
from ..sources import DamagedError, SavedModelFiles, SavedModelSource, files_below, saved_model_of, take_saved_model
from ..training.once import Once
from .equivalence import find_difference
from .leaf import MADE
from .plans import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..data import Dataset
    from ..processes.progress import Progress
    from ..reference.measure import Reference
    from ..runners import Runner
    from ..sandbox import Sandbox
    from ..training.trainer import Trainer
    from .plans import SavedModelPlan

_MAKE = "tensorflow_optimizer.candidates.leaf:make_saved_model"
#: Environment of a process with oneDNN, which has TensorFlow's pass for bfloat16, and of one without its kernels.
_WITH_ONEDNN, _WITHOUT_ONEDNN = ({"TF_ENABLE_ONEDNN_OPTS": value} for value in ("1", "0"))


@dataclass(frozen=True)
class LoadedSavedModel:
    """A SavedModel, loaded the way the server loads it."""

    directory: Path
    names: list[str]
    """Paths of the model's files, below the directory."""
    signatures: list[str]
    runner: RemoteSavedModel
    size_bytes: int
    timed: bool = True
    """False: the machines that will serve the model have another latency than this one, which lacks bfloat16."""

    @cached_property
    def compressed_bytes(self) -> int:
        """Size of the archive."""
        packer = zlib.compressobj(6)
        count = 0
        for name in sorted(self.names):
            with (self.directory / name).open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    count += len(packer.compress(chunk))
        return count + len(packer.flush())


@dataclass(frozen=True)
class SavedModelArtifact:
    """A SavedModel, not loaded yet."""

    sandbox: Sandbox
    directory: Path
    names: list[str]
    """Paths of the model's files below the directory, which may have others where the original is served."""
    specs: dict[str, SignatureSpec]
    """The original's signatures that it has to have."""
    reset_state: bool
    bfloat16: bool = False

    def load(self) -> LoadedSavedModel:
        """Load it the way the server does, in a leaf that sees this model alone.

        Raises:
            UnsupportedError: It has other signatures than the original.
        """
        size, names = sum((self.directory / name).stat().st_size for name in self.names), list(self.specs)
        # With oneDNN, TensorFlow would crash at the first operator that the processor cannot compute.
        lacking = self.bfloat16 and not environment.has_bfloat16()
        runner = RemoteSavedModel(
            self.sandbox,
            self.directory,
            SERVE_TAGS,
            names,
            reset_state=self.reset_state and not lacking,
            environment=_WITHOUT_ONEDNN if lacking else None,
        )
        for name, spec in self.specs.items():
            found = runner.specs[name]
            if _form(found) != _form(spec):
                runner.close()
                raise UnsupportedError(f"the signature {name!r} of what was made differs from the original's")
        return LoadedSavedModel(self.directory, self.names, names, runner, size, timed=not lacking)


def _form(spec: SignatureSpec) -> Any:
    """Return what must not change: saving may tell shapes more or less precisely."""
    return [{key: tensor.dtype for key, tensor in group.items()} for group in (spec.inputs, spec.outputs)]


@dataclass(frozen=True)
class SavedModelCandidateBuilder:
    """Holds everything that candidates are built from."""

    sandbox: Sandbox
    trainer: Trainer
    reference: Reference
    """The original, with inputs on which freezing must change no answer."""
    specs: dict[str, SignatureSpec]
    """The original's signatures."""
    stateful: bool
    environment: Mapping[str, str] | None = None
    """Variables of the leaves."""
    _once: Once = field(default_factory=Once)

    @property
    def data_bytes(self) -> int:
        """Greatest size in bytes of the data that a leaf gets."""
        return self.trainer.training_data.size_bytes

    def build(self, plan: SavedModelPlan, progress: Progress) -> SavedModelArtifact:
        """Build a candidate.

        Raises:
            UnsupportedError: the model cannot be changed this way without changing its answers.
        """
        source = self.trainer.trained(plan.distillation, plan.pruning, list(self.specs), progress)
        # Candidates share what is trained and so its warnings, but not those below.
        progress = progress.of_candidate(plan.name)
        stateful = self.stateful and plan.distillation is None
        specs = self.specs if plan.distillation is None else self._of_student(progress)
        if plan.freeze:
            frozen = self._frozen(source, specs, progress)
            if not plan.bfloat16:
                return self._artifact(frozen, specs, stateful=stateful)
            return self._baked(frozen, specs, progress)
        if not plan.strip:
            return self._artifact(self._served_as_it_is(source), specs, stateful=stateful)
        progress.say("saving what serving needs, and nothing else")
        return self._artifact(self._made("strip", source, specs), specs, stateful=stateful)

    def _artifact(
        self, directory: Path, specs: dict[str, SignatureSpec], *, stateful: bool, bfloat16: bool = False
    ) -> SavedModelArtifact:
        original = self.trainer.source
        own = isinstance(original, SavedModelSource) and directory == original.directory
        names = saved_model_of(original).names if own else files_below(directory)
        return SavedModelArtifact(self.sandbox, directory, names, specs, stateful, bfloat16)

    def _served_as_it_is(self, source: SavedModelFiles) -> Path:
        return source.directory if set(source.tags) == set(SERVE_TAGS) else self._made("tag", source, {})

    def labels_only(self) -> SavedModelCandidateBuilder | None:
        """Return a builder that trains the same candidates on labels alone, or None if there are too few labels."""
        trainer = self.trainer.labels_only()
        return None if trainer is None else replace(self, trainer=trainer)

    def with_environment(self, environment: Mapping[str, str]) -> SavedModelCandidateBuilder:
        """Return a builder whose leaves have these variables."""
        return replace(self, trainer=replace(self.trainer, environment=environment), environment=environment)

    def _of_student(self, progress: Progress) -> dict[str, SignatureSpec]:
        default = self.trainer.teacher.name
        for name in self.specs:
            if name != default:
                progress.warn(f"the signature {name!r} is left out: a student learns the default one only")
        return {default: self.specs[default]}

    def _frozen(self, source: SavedModelFiles, specs: dict[str, SignatureSpec], progress: Progress) -> Path:
        progress.say("turning variables into constants")
        try:
            frozen = self._made("freeze", source, specs)
        except _FreezingError as error:
            raise UnsupportedError(f"TensorFlow cannot freeze the model ({error})") from error
        try:
            difference = self._difference(source, specs, frozen)
        except (RunError, OptimizerError) as error:
            raise UnsupportedError(f"the frozen model does not run ({error})") from error
        if difference is not None:
            raise UnsupportedError(f"the frozen model is another one: {difference}")
        return frozen

    def _difference(self, source: SavedModelFiles, specs: dict[str, SignatureSpec], frozen: Path) -> str | None:
        """Compare the frozen model with the one that it was made from, each in a leaf of its own."""
        original, opened = self.trainer.source, []
        try:
            before: Runner = self.reference.runner
            if not isinstance(original, SavedModelSource) or source != original.files:
                before = RemoteSavedModel(self.sandbox, source.directory, source.tags, list(specs))
                opened.append(before)
            after = RemoteSavedModel(self.sandbox, frozen, SERVE_TAGS, list(specs))
            opened.append(after)
            datasets: dict[str, Dataset] = self.reference.datasets
            return find_difference(before, after, specs, datasets, self.reference.batch)
        finally:
            for runner in opened:
                runner.close()

    def _baked(self, frozen: Path, specs: dict[str, SignatureSpec], progress: Progress) -> SavedModelArtifact:
        progress.say("baking bfloat16 into the graph")
        try:
            directory = self._baked_files(frozen)
        except _FreezingError as error:
            raise UnsupportedError(f"the model cannot compute in bfloat16 ({error})") from error
        if not environment.has_bfloat16():
            progress.warn(
                "this machine's processor has no bfloat16: the accuracy of the model was taken with oneDNN off, and "
                "its latency was not measured"
            )
        return self._artifact(directory, specs, stateful=False, bfloat16=True)

    def _baked_files(self, frozen: Path) -> Path:
        """Return what a leaf with oneDNN made, without which TensorFlow has no such pass."""
        return replace(self, environment=_WITH_ONEDNN)._made("bake", SavedModelFiles(frozen, SERVE_TAGS, 0), {})

    def _made(self, how: str, source: SavedModelFiles, specs: dict[str, SignatureSpec]) -> Path:
        """Return what a leaf made.

        Raises:
            StrippingError: TensorFlow cannot save the model again, or not the whole of it.
            _FreezingError: TensorFlow cannot freeze it, or compute in bfloat16.
        """
        place = self.trainer.work / f"{how}-{key_of(str(source.directory), list(specs))}"
        request = {
            "how": how,
            "path": str(source.directory),
            "tags": source.tags,
            "sizeBytes": source.size_bytes,
            "signatures": to_plain(dict[str, SignatureSpec], specs),
        }
        with self._once.making(place) as unfinished:
            if unfinished is not None:
                read = [source.directory]
                with self.sandbox.leaf(_MAKE, read=read, environment=self.environment) as leaf:
                    said = leaf.ask(request).document
                    for key, kind in (("stripping", StrippingError), ("freezing", _FreezingError)):
                        if key in said:
                            raise kind(one_line(str(said[key])))
                    try:
                        take_saved_model(self.sandbox, leaf, MADE, unfinished, self.trainer.allowed_operations)
                    except DamagedError as error:
                        if how == "tag":  # a copy of the original: nothing else can be served instead
                            raise
                        raise (StrippingError if how == "strip" else _FreezingError)(str(error)) from error
        return place


class _FreezingError(Exception):
    """A leaf says that the model cannot be frozen; the message says why."""
