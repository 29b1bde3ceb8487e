"""The version that serves, asked about the same samples as the candidates that may replace it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..documents.job import Identity, ModelFormat, Packaging, Source
from ..documents.manifest import Manifest
from ..errors import BadInputError
from ..evaluation import answers_of, compare
from ..evaluation.tasks import in_form_of, own_form
from ..fetching.serving import MANIFEST_FILE, MODEL_FILES
from ..hints import Hint
from ..runners import LiteRtRunner, RunError, SavedModelRunner
from ..signatures import read_signatures
from ..sources import SavedModelSource, open_source

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.job import Metric
    from ..documents.outcome import Loss
    from ..runners import Runner
    from ..runners.runner import Arrays
    from .measure import Reference

_WAY_OUT = "leave the rule about that version out of a deployment that changes inputs or outputs"


@dataclass(frozen=True)
class ServingVersion:
    """The version that serves, loaded."""

    manifest: Manifest
    runner: Runner
    _answers: dict[int, tuple[Dataset, Arrays]] = field(default_factory=dict)

    def losses(
        self, reference: Reference, output: str, candidate: NDArray[Any], asked: Collection[Metric]
    ) -> dict[str, Loss]:
        """Return how much less a candidate has of each metric than the version that serves, on the same samples.

        Args:
            reference: The samples and the tasks.
            output: An output of the default signature.
            candidate: The candidate's answers.
            asked: The metrics.
        """
        dataset = reference.datasets[reference.default]
        task, before = reference.tasks[reference.default][output], self._asked(dataset, reference).get(output)
        labels = dataset.labels.get(output)
        if before is None or labels is None or before.shape != candidate.shape:
            return {}
        before = in_form_of(task, own_form(task, before), before)
        losses = compare(task, before, candidate, labels, seed=reference.seed, real=True, asked=asked).losses
        return {metric.key: losses[metric.key] for metric in asked if metric.key in losses}

    def _asked(self, dataset: Dataset, reference: Reference) -> Arrays:
        if id(dataset) not in self._answers:
            signature = self.manifest.default_signature
            known = self.manifest.signatures[signature].inputs.keys()
            if known != dataset.inputs.keys():
                raise BadInputError(
                    f"the version {self.manifest.version}, which serves, has the inputs {', '.join(sorted(known))}, "
                    f"and the evaluation data has {', '.join(sorted(dataset.inputs))}; {_WAY_OUT}",
                    Hint.SERVING_RULE,
                )
            try:
                answers = answers_of(self.runner, signature, dataset, reference.batch)
            except RunError as error:
                raise BadInputError(
                    f"the version {self.manifest.version}, which serves, cannot compute the evaluation data ({error}); "
                    f"{_WAY_OUT}",
                    Hint.SERVING_RULE,
                ) from error
            # The dataset is kept, so that no other one gets its identity.
            self._answers[id(dataset)] = dataset, answers
        return self._answers[id(dataset)][1]


def open_serving(directory: Path, work: Path) -> ServingVersion:
    """Load a version that `fetch` has laid out and verified."""
    manifest = Manifest.model_validate_json((directory / MANIFEST_FILE).read_bytes())
    model, reset_state = directory / MODEL_FILES, manifest.reset_state
    if manifest.format is ModelFormat.LITERT:
        (file,) = model.iterdir()
        return ServingVersion(manifest, LiteRtRunner(file.read_bytes(), manifest.signatures, reset_state=reset_state))
    opened = open_source(model, Source(packaging=Packaging.ZIP, identity=Identity()), work)
    if not isinstance(opened, SavedModelSource):
        raise BadInputError(f"{model} is no SavedModel, and the manifest says that it is one")
    specs = read_signatures(opened.meta_graph)
    return ServingVersion(manifest, SavedModelRunner(opened.directory, opened.tags, specs, reset_state=reset_state))
