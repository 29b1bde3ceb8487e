"""The original: opened, tried, measured. Everything later is compared with what stands here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data import Dataset, Splits, generated_inputs, read_dataset, split
from ..data.generated import INTEGER_RANGES
from ..errors import BadInputError
from ..evaluation import (
    OutputTask,
    answers_of,
    check_batch,
    check_chance,
    check_repeatable,
    infer_tasks,
    interleaved_latency,
    rate,
)
from ..evaluation.compare import check_labels
from ..outcome import EvidenceKind, Metrics
from ..runners import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

    from ..config import Job, ModelTask
    from ..runners import Runner
    from ..runners.runner import Arrays
    from ..signatures import SignatureSpec
    from .progress import Progress

#: An interval of a smaller set is wider than the loss that the default gate allows.
_ENOUGH_SAMPLES = 500
_GENERATED = 16
_REPEATED = 8
#: A stateful model is called with one row at a time and its variables written back before each.
_ONE_ROW = 1


@dataclass(frozen=True)
class Endpoint:
    """A signature as evaluation sees it."""

    spec: SignatureSpec
    batched: bool | None
    """None: what the data says (SavedModels only)."""
    shapes: dict[str, list[int]] | None


@dataclass
class Reference:
    """The original and its answers."""

    runner: Runner
    default: str
    endpoints: dict[str, Endpoint]
    evidence: EvidenceKind
    splits: Splits
    datasets: dict[str, Dataset]
    """What each signature is judged on: the gate's split for the default one, made-up inputs for the others."""
    answers: dict[str, Arrays]
    tasks: dict[str, dict[str, OutputTask]]
    metrics: Metrics
    size_bytes: int
    batch: int
    seed: int

    def key(self, signature: str, output: str) -> str:
        """Return the output's name in the metrics."""
        return output if signature == self.default else f"{signature}/{output}"

    @property
    def labels(self) -> Mapping[str, np.ndarray[Any, Any]]:
        """Labels of the default signature's outputs."""
        return self.datasets[self.default].labels

    @property
    def float_outputs(self) -> set[str]:
        """Keys of the outputs that hold numbers rather than classes."""
        return {
            self.key(signature, name)
            for signature, answers in self.answers.items()
            for name, value in answers.items()
            if value.dtype.kind == "f"
        }


def measure_original(  # noqa: PLR0913 - the facts of one job
    job: Job,
    evaluation: Path | None,
    runner: Runner,
    default: str,
    endpoints: dict[str, Endpoint],
    progress: Progress,
    *,
    size_bytes: int,
    calibrate: bool,
    one_row_at_a_time: bool,
    stateful: bool,
) -> Reference:
    """Measure the original.

    Args:
        job: The job.
        evaluation: Where the data is.
        runner: The original, loaded.
        default: The default signature.
        endpoints: All signatures to publish.
        progress: Where to tell.
        size_bytes: Of the original.
        calibrate: A part of the data is needed for calibration.
        one_row_at_a_time: The platform serves single rows: the answer must not depend on the batch.
        stateful: Variables change; `runner` resets them.

    Raises:
        BadInputError: data, labels or shapes do not fit the model.
        UnsupportedError: the original is not deterministic, or depends on the batch.
    """
    batch = _ONE_ROW if stateful else 32
    splits, evidence = _data(job, evaluation, runner, endpoints[default], calibrate=calibrate)
    gate = splits.gate
    _count_warning(gate, evidence, progress)
    datasets = {default: gate}
    for name, one in endpoints.items():
        if name != default:
            datasets[name] = _generate(runner, one, job.seed)
    progress.say(f"measuring the original on {gate.count} {_kind(evidence)} samples")
    answers = {name: _answers(runner, name, dataset, batch, evidence) for name, dataset in datasets.items()}
    tasks = {
        name: infer_tasks(
            outputs,
            datasets[name].labels,
            _stated_for(job, outputs, answers, is_default=name == default),
            job.labels,
        )
        for name, outputs in answers.items()
    }
    for name, task in tasks[default].items():
        progress.say(f"output {name!r}: {task.describe()}")
    for name, labels in gate.labels.items():
        check_labels(name, tasks[default][name], answers[default][name], labels)
    _check(
        runner, datasets, answers, tasks[default], default, batch, one_row_at_a_time=one_row_at_a_time and not stateful
    )
    latency = interleaved_latency({"original": runner}, default, gate)["original"].median
    metrics = Metrics(
        evidence=evidence,
        samples=gate.count,
        outputs={
            name: rate(task, answers[default][name], gate.labels.get(name)) for name, task in tasks[default].items()
        },
        size_bytes=size_bytes,
        latency_milliseconds=latency,
    )
    progress.original = metrics
    return Reference(
        runner, default, endpoints, evidence, splits, datasets, answers, tasks, metrics, size_bytes, batch, job.seed
    )


def _data(
    job: Job, evaluation: Path | None, runner: Runner, one: Endpoint, *, calibrate: bool
) -> tuple[Splits, EvidenceKind]:
    if evaluation is None:
        made_up = _generate(runner, one, job.seed)
        nothing = made_up.take(_no_rows())
        return Splits(nothing, nothing, made_up), EvidenceKind.GENERATED
    dataset = read_dataset(evaluation, one.spec, one.shapes, batched=one.batched, labels=job.labels)
    splits = split(dataset, job.seed, calibrate=calibrate)
    if not splits.gate.count:
        raise BadInputError(
            f"the evaluation data holds {dataset.count} samples, all of them needed for calibration; give more"
        )
    return splits, EvidenceKind.LABELS if dataset.labels else EvidenceKind.UNLABELLED


def _generate(runner: Runner, one: Endpoint, seed: int) -> Dataset:
    """Make inputs up that the original accepts."""
    problem = ""
    for integers in INTEGER_RANGES:
        dataset = generated_inputs(
            one.spec, one.shapes, batched=bool(one.batched), seed=seed, count=_GENERATED, integers=integers
        )
        try:
            answers_of(runner, one.spec.name, dataset.take(_first(_REPEATED)))
        except RunError as error:
            problem = problem or str(error)
            continue
        return dataset
    raise BadInputError(
        f"the original cannot compute made-up inputs at the signature {one.spec.name!r} ({problem}); give evaluation data, "
        "or `inputShapes` if a dimension is unknown"
    )


def _answers(runner: Runner, signature: str, dataset: Dataset, batch: int, evidence: EvidenceKind) -> Arrays:
    try:
        return answers_of(runner, signature, dataset, batch)
    except RunError as error:
        which = "made-up inputs" if evidence is EvidenceKind.GENERATED else "the evaluation data"
        raise BadInputError(
            f"the original cannot compute {which} at the signature {signature!r} ({error}); check that the data is what "
            "the model takes"
        ) from error


def _check(  # noqa: PLR0913 - everything that was just measured
    runner: Runner,
    datasets: dict[str, Dataset],
    answers: dict[str, Arrays],
    tasks: dict[str, OutputTask],
    default: str,
    batch: int,
    *,
    one_row_at_a_time: bool,
) -> None:
    for name, dataset in datasets.items():
        few = dataset.take(_first(min(_REPEATED, dataset.count)))
        check_repeatable(answers_of(runner, name, few, batch), answers_of(runner, name, few, batch))
        if one_row_at_a_time:
            check_batch(runner, name, dataset)
    check_chance(answers[default], datasets[default].labels, tasks)


def _stated_for(job: Job, outputs: Arrays, answers: dict[str, Arrays], *, is_default: bool) -> dict[str, ModelTask]:
    """Return the tasks stated for these outputs; for the default signature also those that no signature has."""
    elsewhere = {name for other in answers.values() for name in other} - set(outputs)
    return {name: task for name, task in job.tasks.items() if name in outputs or (is_default and name not in elsewhere)}


def _count_warning(gate: Dataset, evidence: EvidenceKind, progress: Progress) -> None:
    if evidence is not EvidenceKind.GENERATED and gate.count < _ENOUGH_SAMPLES:
        progress.warn(
            f"the gate rests on {gate.count} samples: with fewer than {_ENOUGH_SAMPLES} a loss of a point may be chance, "
            "either way; give more, or use strict()"
        )


def _kind(evidence: EvidenceKind) -> str:
    return {
        EvidenceKind.LABELS: "labelled",
        EvidenceKind.UNLABELLED: "unlabelled",
        EvidenceKind.GENERATED: "made-up",
    }[evidence]


def _first(count: int) -> np.ndarray[Any, Any]:
    import numpy

    return numpy.arange(count)


def _no_rows() -> np.ndarray[Any, Any]:
    return _first(0)
