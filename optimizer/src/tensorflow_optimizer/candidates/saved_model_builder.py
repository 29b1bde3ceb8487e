"""Builds the SavedModel candidates of a job, and loads them the way the server does."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ..conversion import SERVE_TAGS, FreezeError, bake_bfloat16, freeze, freeze_problem, strip, with_serve_tags
from ..errors import OptimizerError, UnsupportedError
from ..processes import environment
from ..runners import IsolatedRunner, RunError, SavedModelRunner
from ..signatures import read_signatures
from ..sources.saved_model_files import read_meta_graph
from .equivalence import find_difference
from .plans import key_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..data import Dataset
    from ..processes.progress import Progress
    from ..signatures import SignatureSpec
    from ..sources import SavedModelSource
    from ..training.trainer import Trainer
    from .plans import SavedModelPlan


@dataclass(frozen=True)
class LoadedSavedModel:
    """A SavedModel, loaded the way the server loads it."""

    directory: Path
    signatures: list[str]
    runner: SavedModelRunner | IsolatedRunner
    size_bytes: int
    timed: bool = True
    """Its latency on this machine is that of the machines that will serve it."""

    @cached_property
    def compressed_bytes(self) -> int:
        """Size of the archive."""
        packer = zlib.compressobj(6)
        count = 0
        for file in sorted(file for file in self.directory.rglob("*") if file.is_file()):
            with file.open("rb") as stream:
                while chunk := stream.read(1 << 20):
                    count += len(packer.compress(chunk))
        return count + len(packer.flush())


@dataclass(frozen=True)
class SavedModelArtifact:
    """A SavedModel, not loaded yet."""

    directory: Path
    signatures: list[str]
    reset_state: bool
    bfloat16: bool = False

    def load(self) -> LoadedSavedModel:
        """Load it the way the server does."""
        size = size_of(self.directory)
        specs = specs_of(self.directory, SERVE_TAGS, self.signatures)
        if self.bfloat16 and not environment.has_bfloat16():
            # With oneDNN, TensorFlow would crash at the first operator that the processor cannot compute.
            isolated = IsolatedRunner(self.directory, SERVE_TAGS, specs, onednn=False)
            return LoadedSavedModel(self.directory, self.signatures, isolated, size, timed=False)
        runner = SavedModelRunner(self.directory, SERVE_TAGS, specs, reset_state=self.reset_state)
        return LoadedSavedModel(self.directory, self.signatures, runner, size)


@dataclass(frozen=True)
class SavedModelCandidateBuilder:
    """Holds everything that candidates are built from. It can be pickled."""

    trainer: Trainer
    specs: dict[str, SignatureSpec]
    """The original's signatures."""
    datasets: dict[str, Dataset]
    """Inputs of each, on which freezing must change no answer."""
    batch: int
    stateful: bool

    def build(self, plan: SavedModelPlan, progress: Progress) -> SavedModelArtifact:
        """Build a candidate.

        Raises:
            UnsupportedError: the model cannot be changed this way without changing its answers.
        """
        trainer = self.trainer
        source = trainer.trained(plan.distillation, plan.pruning, list(self.specs), progress)
        # Candidates share what is trained and so its warnings, but not those below.
        progress = progress.of_candidate(plan.name)
        stateful = self.stateful and plan.distillation is None
        specs = self.specs if plan.distillation is None else self._of_student(progress)
        # A separate directory for each plan, because they may be built in parallel.
        work = trainer.work / f"saved-{key_of(plan)}"
        work.mkdir(parents=True, exist_ok=True)
        if plan.freeze:
            frozen = self._frozen(source, specs, work / "frozen", progress)
            if not plan.bfloat16:
                return SavedModelArtifact(frozen, list(specs), stateful)
            return self._baked(frozen, list(specs), work / "bfloat16", progress)
        if not plan.strip:
            return SavedModelArtifact(self._served_as_it_is(source, work / "tagged"), list(specs), stateful)
        progress.say("saving what serving needs, and nothing else")
        strip(source.directory, source.tags, source.meta_graph, specs.values(), work / "stripped")
        return SavedModelArtifact(work / "stripped", list(specs), stateful)

    def _served_as_it_is(self, source: SavedModelSource, directory: Path) -> Path:
        if set(source.tags) == set(SERVE_TAGS):
            return source.directory
        with_serve_tags(source.directory, source.meta_graph, directory)
        return directory

    def labels_only(self) -> SavedModelCandidateBuilder | None:
        """Return a builder that trains the same candidates on labels alone, or None if there are too few labels."""
        trainer = self.trainer.labels_only()
        return None if trainer is None else replace(self, trainer=trainer)

    def _of_student(self, progress: Progress) -> dict[str, SignatureSpec]:
        default = self.trainer.teacher.name
        for name in self.specs:
            if name != default:
                progress.warn(f"the signature {name!r} is left out: a student learns the default one only")
        return {default: self.specs[default]}

    def _frozen(
        self, source: SavedModelSource, specs: dict[str, SignatureSpec], directory: Path, progress: Progress
    ) -> Path:
        # The tensors of a trained model have other names than the original's.
        own = specs_of(source.directory, source.tags, list(specs))
        own = {name: replace(spec, method_name=specs[name].method_name) for name, spec in own.items()}
        problem = freeze_problem(source.meta_graph, list(own.values()), source.size_bytes)
        if problem is not None:
            raise UnsupportedError(f"the model cannot be frozen: {problem}")
        progress.say("turning variables into constants")
        try:
            freeze(source.directory, source.tags, list(own.values()), directory)
            difference = self._difference(source, own, directory)
        except FreezeError as error:
            raise UnsupportedError(f"TensorFlow cannot freeze the model ({error})") from error
        except (RunError, OptimizerError) as error:
            raise UnsupportedError(f"the frozen model does not run ({error})") from error
        if difference is not None:
            raise UnsupportedError(f"the frozen model is another one: {difference}")
        return directory

    def _difference(self, source: SavedModelSource, specs: dict[str, SignatureSpec], frozen: Path) -> str | None:
        runners = [SavedModelRunner(source.directory, source.tags, specs)]
        try:
            runners.append(SavedModelRunner(frozen, SERVE_TAGS, specs_of(frozen, SERVE_TAGS, list(specs))))
            return find_difference(runners[0], runners[1], specs, self.datasets, self.batch)
        finally:
            for runner in runners:
                runner.close()

    def _baked(self, frozen: Path, signatures: list[str], directory: Path, progress: Progress) -> SavedModelArtifact:
        progress.say("baking bfloat16 into the graph")
        try:
            bake_bfloat16(frozen, directory)
        except FreezeError as error:
            raise UnsupportedError(f"the model cannot compute in bfloat16 ({error})") from error
        if not environment.has_bfloat16():
            progress.warn(
                "this machine's processor has no bfloat16: the accuracy of the model was taken with oneDNN off, and "
                "its latency was not measured"
            )
        return SavedModelArtifact(directory, signatures, reset_state=False, bfloat16=True)


def specs_of(directory: Path, tags: list[str], names: list[str]) -> dict[str, SignatureSpec]:
    """Return some signatures of a SavedModel."""
    specs = read_signatures(read_meta_graph(directory, tags))
    return {name: specs[name] for name in names}


def size_of(directory: Path) -> int:
    """Return the bytes of all files below a directory."""
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
