"""Makes SavedModels out of the original and loads them the way the server does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..conversion import FreezeError, freeze, freeze_problem, strip
from ..conversion.version_1 import is_version_1
from ..data import generated_inputs
from ..errors import OptimizerError, UnsupportedError
from ..evaluation import answers_of
from ..runners import RunError, SavedModelRunner
from ..signatures import read_signatures
from ..signatures.fixed import is_batched
from ..sources.saved_model_files import read_meta_graph

if TYPE_CHECKING:
    from pathlib import Path

    from ..data import Dataset
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource
    from .plan import SavedModelPlan
    from .progress import Progress
    from .reference import Reference

#: A constant may be folded into its neighbor, which rounds once instead of twice; more than that is another model.
_TOLERANCE = 1e-5
_SEEDS = (1, 2)


@dataclass(frozen=True)
class BuiltSavedModel:
    """A SavedModel, loaded the way the server loads it."""

    directory: Path
    runner: SavedModelRunner
    size_bytes: int


class SavedModelBuilder:
    """Builds candidates of one source."""

    def __init__(  # noqa: PLR0913 - what a candidate is made of, and where
        self,
        source: OpenedSource,
        directory: Path,
        specs: dict[str, SignatureSpec],
        work: Path,
        progress: Progress,
        *,
        stateful: bool,
    ) -> None:
        self._source = source
        self._directory = directory
        self._specs = specs
        self._work = work
        self._progress = progress
        self._stateful = stateful

    def build(self, plan: SavedModelPlan, reference: Reference) -> BuiltSavedModel:
        """Save and load what the plan means.

        Raises:
            UnsupportedError: the model cannot be changed this way without changing its answers.
        """
        if plan.freeze:
            return self._frozen(reference)
        if not plan.strip:
            return self._load(self._directory, self._source.tags)
        self._progress.say("saving what serving needs, and nothing else")
        directory = self._work / "stripped"
        strip(self._directory, self._source.tags, self._source.meta_graph, self._specs.values(), directory)
        return self._load(directory, self._source.tags if is_version_1(self._source.meta_graph) else ["serve"])

    def _frozen(self, reference: Reference) -> BuiltSavedModel:
        specs = list(self._specs.values())
        problem = freeze_problem(self._source.meta_graph, specs, self._source.size_bytes)
        if problem is not None:
            raise UnsupportedError(f"the model cannot be frozen: {problem}")
        self._progress.say("turning variables into constants")
        directory = self._work / "frozen"
        try:
            freeze(self._directory, self._source.tags, specs, directory)
            built = self._load(directory, self._source.tags)
            difference = _difference(reference, built.runner, self._specs)
        except FreezeError as error:
            raise UnsupportedError(f"TensorFlow cannot freeze the model ({error})") from error
        except (RunError, OptimizerError) as error:
            raise UnsupportedError(f"the frozen model does not run ({error})") from error
        if difference is not None:
            raise UnsupportedError(f"the frozen model is another one: {difference}")
        return built

    def _load(self, directory: Path, tags: list[str]) -> BuiltSavedModel:
        specs = read_signatures(read_meta_graph(directory, tags))
        runner = SavedModelRunner(
            directory, tags, {name: specs[name] for name in self._specs}, reset_state=self._stateful
        )
        size = sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())
        return BuiltSavedModel(directory, runner, size)


def _difference(reference: Reference, candidate: SavedModelRunner, specs: dict[str, SignatureSpec]) -> str | None:
    """Return where a candidate differs from the original, each input having values of its own."""
    for name, spec in specs.items():
        real = reference.datasets[name]
        for dataset in (real, *(_varied(spec, real, seed) for seed in _SEEDS)):
            try:
                expected = answers_of(reference.runner, name, dataset, reference.batch)
            except RunError:
                continue  # not legal for the original either
            answers = answers_of(candidate, name, dataset, reference.batch)
            for output, value in expected.items():
                if not _same(value, answers[output]):
                    return f"its output {output!r} of the signature {name!r} differs"
    return None


def _varied(spec: SignatureSpec, like: Dataset, seed: int) -> Dataset:
    """Make inputs up in the data's shapes, no two inputs alike: a swap must not go unnoticed."""
    shapes = {
        name: [1, *value.shape[1:]] if like.batched else list(value.shape[1:]) for name, value in like.inputs.items()
    }
    batched = like.batched or is_batched(spec, {})
    made = generated_inputs(spec, shapes, batched=batched, seed=seed, integers=_integers(like))
    floats = {
        name: value * (number + 1) if value.dtype.kind == "f" else value
        for number, (name, value) in enumerate(made.inputs.items())
    }
    return type(made)(floats, made.batched)


def _integers(dataset: Dataset) -> int:
    """Return a bound that the data's own integers prove to be legal."""
    found = [int(value.max()) for value in dataset.inputs.values() if value.dtype.kind in "iu" and value.size]
    return max(1, min(found, default=1) + 1)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind not in "fc":
        return bool(np.array_equal(one, other))
    finite = one[np.isfinite(one)]
    scale = float(np.abs(finite).max()) if finite.size else 1.0
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * max(scale, 1e-30), equal_nan=True))
