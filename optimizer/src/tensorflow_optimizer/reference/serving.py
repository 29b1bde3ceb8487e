"""The version that serves, asked about the same samples as the candidates that may replace it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from ..documents.document import problems_of
from ..documents.job import Identity, ModelFormat, ModelTask, Packaging, Source
from ..documents.manifest import Manifest
from ..errors import BadInputError
from ..evaluation import answers_of, compare
from ..evaluation.tasks import in_form_of, own_form
from ..fetching.serving import MANIFEST_FILE, MODEL_FILES
from ..hints import Hint
from ..runners import RemoteLiteRt, RemoteSavedModel, RunError
from ..sources import SavedModelSource, open_source

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.job import Metric
    from ..documents.outcome import Loss
    from ..evaluation import OutputTask
    from ..runners import Runner
    from ..runners.runner import Arrays
    from ..sandbox import Sandbox
    from .measure import Reference

_WAY_OUT = "leave the rule about that version out of a deployment that changes inputs or outputs"


@dataclass(frozen=True)
class ServingVersion:
    """The version that serves, loaded."""

    manifest: Manifest
    runner: Runner
    class_names: list[str] | None = None
    """Names of the classes of the model that may replace it, in the order of its output; None: it has none."""
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

        Raises:
            BadInputError: Its inputs or classes are others.
        """
        dataset = reference.datasets[reference.default]
        task, before = reference.tasks[reference.default][output], self._asked(dataset, reference).get(output)
        labels = dataset.labels.get(output)
        if before is None or labels is None:
            return {}
        before = self._in_our_order(task, before)
        if before.shape != candidate.shape:
            return {}
        before = in_form_of(task, own_form(task, before), before)
        losses = compare(task, before, candidate, labels, seed=reference.seed, real=True, asked=asked).losses
        return {metric.key: losses[metric.key] for metric in asked if metric.key in losses}

    def _in_our_order(self, task: OutputTask, answers: NDArray[Any]) -> NDArray[Any]:
        """Return its answers with the classes in the order of the new model, where both have names for them."""
        ours, theirs = self.class_names, self.manifest.labels
        if not ours or not theirs or ours == theirs or task.task is ModelTask.REGRESSION:
            return answers
        has_scores = not task.indices and answers.ndim > 1 and answers.shape[-1] == len(theirs)
        has_one = task.task is ModelTask.BINARY and len(theirs) == 2
        if not has_scores and not has_one and answers.dtype.kind not in "iu":
            return answers  # an output that the names are not for
        if sorted(ours) != sorted(theirs):
            raise BadInputError(
                f"the version {self.manifest.version}, which serves, has the classes {', '.join(theirs[:10])}, and the "
                f"new model has {', '.join(ours[:10])}, so that they decide other things; {_WAY_OUT}",
                Hint.SERVING_RULE,
            )
        if has_scores:
            return np.asarray(answers[..., [theirs.index(name) for name in ours]])
        if answers.dtype.kind in "iu":
            numbers = np.array([ours.index(name) for name in theirs], answers.dtype)
            known = (answers >= 0) & (answers < len(numbers))
            return np.where(known, numbers[np.where(known, answers, 0)], answers)
        if answers.dtype.kind == "b":
            return ~answers
        # One score, for the second class of two: that of the other one.
        return np.asarray(-answers if own_form(task, answers).logits else 1 - answers)

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


def open_serving(sandbox: Sandbox, directory: Path, work: Path, class_names: list[str] | None = None) -> ServingVersion:
    """Load a version that `fetch` has laid out and verified.

    Args:
        sandbox: Where leaves are.
        directory: What `fetch` wrote.
        work: A directory for files.
        class_names: Of the model that may replace it.

    Raises:
        BadInputError: The directory has no manifest.
    """
    try:
        manifest = Manifest.model_validate_json((directory / MANIFEST_FILE).read_bytes())
    except (OSError, ValidationError) as error:
        reason = problems_of(error)[:300] if isinstance(error, ValidationError) else f"no {MANIFEST_FILE} in it"
        raise BadInputError(
            f"{directory} is no version that serves ({reason}); give the directory that `fetch` wrote with "
            "--serving-key",
            Hint.SERVING_RULE,
        ) from error
    model, reset_state = directory / MODEL_FILES, manifest.reset_state
    if manifest.text is not None:
        raise BadInputError(
            f"the version {manifest.version}, which serves, takes text or categories, and such versions are not "
            f"compared yet; {_WAY_OUT}",
            Hint.SERVING_RULE,
        )
    if manifest.format is ModelFormat.LITERT:
        (file,) = model.iterdir()
        runner = RemoteLiteRt(sandbox, file, manifest.signatures, reset_state=reset_state)
        return ServingVersion(manifest, runner, class_names)
    allowed = manifest.source.allowed_operations
    source = Source(packaging=Packaging.ZIP, identity=Identity(), allowed_operations=allowed)
    opened = open_source(sandbox, model, source, work)
    if not isinstance(opened, SavedModelSource):
        raise BadInputError(f"{model} is no SavedModel, and the manifest says that it is one")
    loaded = RemoteSavedModel(sandbox, opened.directory, opened.tags, reset_state=reset_state)
    return ServingVersion(manifest, loaded, class_names)
