"""Measures the original, the reference for all candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..documents.outcome import EvidenceKind, Metrics
from ..errors import BadInputError
from ..evaluation import (
    OutputTask,
    answers_of,
    check_batch,
    check_chance,
    check_repeatable,
    expected_scale,
    imbalance,
    infer_tasks,
    interleaved_latency,
    ranges_of,
    rate,
)
from ..evaluation.closeness import is_close
from ..evaluation.compare import check_labels
from ..hints import Hint
from ..runners import RunError
from .given import given_answers
from .samples import generated_samples, read_samples

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from ..data import Dataset
    from ..documents.job import Job, ModelTask
    from ..processes.progress import Progress
    from ..runners import Runner
    from ..runners.runner import Arrays
    from ..sandbox import Sandbox
    from .subject import Subject

#: Number of samples below which the interval is wider than the default gate's limit.
_ENOUGH_SAMPLES = 500
_REPEATED = 8


@dataclass(frozen=True)
class Reference:
    """The original's answers and figures."""

    runner: Runner
    default: str
    evidence: EvidenceKind
    calibration: Dataset
    """Real samples to calibrate with; no candidate is judged on them."""
    selection: Dataset
    """Real samples to choose between candidates on, before one of them is judged."""
    training: Dataset
    """Real samples to train with, that no candidate is calibrated with or judged on."""
    datasets: dict[str, Dataset]
    """Samples by signature: the gate's split for the default one, generated inputs for the others."""
    answers: dict[str, Arrays]
    tasks: dict[str, dict[str, OutputTask]]
    metrics: Metrics
    batch: int
    seed: int
    aliases: frozenset[str] = frozenset()
    """Signatures that answer as the default one does: what data says of that one, it says of them."""
    converted: Arrays | None = None
    """The source's own answers to the gate's samples, where the data has those of another program as the reference."""

    def key(self, signature: str, output: str) -> str:
        """Return the output's name in the metrics."""
        return output if signature == self.default else f"{signature}/{output}"

    @property
    def labelled(self) -> set[str]:
        """The default signature's outputs with labels."""
        return set(self.datasets[self.default].labels)

    @property
    def imbalanced(self) -> dict[str, str]:
        """Description of the rarest class of each output whose labels are imbalanced."""
        default = self.default
        sentences = {
            name: imbalance(self.tasks[default][name], self.answers[default][name], labels)
            for name, labels in self.datasets[default].labels.items()
        }
        return {name: text for name, text in sentences.items() if text}

    @property
    def other_outputs(self) -> set[str]:
        """Keys of the outputs without data."""
        return {
            self.key(signature, name)
            for signature, answers in self.answers.items()
            if signature != self.default and signature not in self.aliases
            for name in answers
        }

    @property
    def float_outputs(self) -> set[str]:
        """Keys of the outputs with numbers rather than classes."""
        return {
            self.key(signature, name)
            for signature, answers in self.answers.items()
            for name, value in answers.items()
            if value.dtype.kind == "f"
        }


def measure_original(  # noqa: PLR0913 - what is measured, on what, and for what
    sandbox: Sandbox,
    job: Job,
    evaluation: Path | None,
    subject: Subject,
    progress: Progress,
    *,
    calibrate: bool = False,
    train: bool = False,
    select: bool = False,
) -> Reference:
    """Measure the original.

    Args:
        sandbox: Where images are decoded.
        job: The job.
        evaluation: Path of the data.
        subject: The original.
        progress: Receives messages and warnings.
        calibrate: A part of the data is needed for calibration.
        train: A part of the data is needed for training.
        select: A part of the data is needed to choose between candidates.

    Raises:
        BadInputError: Data, labels or shapes do not fit the model.
        UnsupportedError: The original is not deterministic, or depends on the batch.
    """
    default = subject.default
    splits, evidence = read_samples(sandbox, job, evaluation, subject, calibrate=calibrate, train=train, select=select)
    gate = splits.gate
    _count_warning(gate, evidence, progress)
    datasets = {
        name: gate if name == default else generated_samples(subject.runner, signature, job.seed)
        for name, signature in subject.signatures.items()
    }
    progress.say(f"measuring the original on {gate.count} {_adjective(evidence)} samples")
    answers = {name: _answers(subject, name, dataset, evidence) for name, dataset in datasets.items()}
    converted = answers[default] if gate.answers else None
    if converted is not None:
        answers[default] = given_answers(gate, converted)
        progress.say(f"the reference are the answers of {gate.program} in the evaluation data")
    _refuse_lost_rows(gate, answers[default], evidence)
    tasks = {
        name: infer_tasks(
            outputs, datasets[name].labels, _stated_for(job, outputs, answers, is_default=name == default), job.labels
        )
        for name, outputs in answers.items()
    }
    _check_class_names(job, answers[default])
    for name, task in tasks[default].items():
        progress.say(f"output {name!r}: {task.describe()}")
    for name, labels in gate.labels.items():
        check_labels(name, tasks[default][name], answers[default][name], labels)
    _check(subject, datasets)
    _look_at_inputs(subject, gate, evidence, tasks[default], progress)
    check_chance(answers[default], gate.labels, tasks[default])
    asked = [rule.metric for rule in job.gate.rules if rule.metric] if job.gate else []
    metrics = Metrics(
        evidence=evidence,
        samples=gate.count,
        outputs={
            name: rate(task, answers[default][name], gate.labels.get(name), asked)
            for name, task in tasks[default].items()
        },
        size_bytes=subject.size_bytes,
        latency_milliseconds=interleaved_latency({"original": subject.runner}, default, gate)["original"].wall.median,
    )
    progress.original = metrics
    return Reference(
        runner=subject.runner,
        default=default,
        evidence=evidence,
        calibration=splits.calibration,
        selection=splits.selection,
        training=splits.training,
        datasets=datasets,
        answers=answers,
        tasks=tasks,
        metrics=metrics,
        batch=subject.batch,
        seed=job.seed,
        aliases=_aliases(subject, datasets, answers),
        converted=converted,
    )


def _aliases(subject: Subject, datasets: Mapping[str, Dataset], answers: Mapping[str, Arrays]) -> frozenset[str]:
    """Return the aliases of the default signature: Keras exports each model under two names."""
    default = subject.default
    inputs = set(subject.signatures[default].spec.inputs)
    aliases = set()
    for name in answers.keys() - {default}:
        if set(subject.signatures[name].spec.inputs) != inputs:
            continue
        try:
            expected = answers_of(subject.runner, default, datasets[name], subject.batch)
        except RunError:
            continue
        if all(key in expected and is_close(expected[key], value, 0.0) for key, value in answers[name].items()):
            aliases.add(name)
    return frozenset(aliases)


def _answers(subject: Subject, signature: str, dataset: Dataset, evidence: EvidenceKind) -> Arrays:
    try:
        return answers_of(subject.runner, signature, dataset, subject.batch)
    except RunError as error:
        which = "generated inputs" if evidence is EvidenceKind.GENERATED else "the evaluation data"
        raise BadInputError(
            f"the original cannot compute {which} at the signature {signature!r} ({error}); check that the data is "
            "what the model takes"
        ) from error


def _refuse_lost_rows(gate: Dataset, answers: Arrays, evidence: EvidenceKind) -> None:
    """Refuse rows without a number in an input that the original answers with none: nothing can be compared there.

    Raises:
        BadInputError: There are such rows.
    """
    if evidence is EvidenceKind.GENERATED:
        return
    lost = {
        side: {
            name: ~np.isfinite(value.reshape(len(value), -1)).all(axis=1)
            for name, value in values.items()
            if value.dtype.kind == "f" and len(value) == gate.count
        }
        for side, values in (("inputs", gate.inputs), ("outputs", answers))
    }
    for name, rows in lost["inputs"].items():
        for output, missing in lost["outputs"].items():
            both = int((rows & missing).sum())
            if both:
                raise BadInputError(
                    f"the evaluation data has NaN or infinite numbers in {int(rows.sum())} rows of the input {name!r}, "
                    f"and in {both} of them the original answers none at {output!r}; leave these rows out, or fill "
                    "them as the program does that asks the model",
                    Hint.EVALUATION_DATA,
                )


def _look_at_inputs(
    subject: Subject, gate: Dataset, evidence: EvidenceKind, tasks: Mapping[str, OutputTask], progress: Progress
) -> None:
    """Record the ranges of the inputs, and warn if another scale is far better."""
    if evidence is EvidenceKind.GENERATED:
        return
    progress.inputs = ranges_of(gate)
    for name, value in gate.inputs.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            progress.warn(f"the input {name!r} of the evaluation data has NaN or infinite numbers")
    progress.expected_scale = expected_scale(subject.runner, subject.default, gate, tasks, subject.batch)
    if progress.expected_scale not in {None, "as given"}:
        progress.warn(f"the model seems to expect its inputs {progress.expected_scale}; scale them as in training")


def _check(subject: Subject, datasets: Mapping[str, Dataset]) -> None:
    for name, dataset in datasets.items():
        few = dataset.take(np.arange(min(_REPEATED, dataset.count)))
        first, second = (answers_of(subject.runner, name, few, subject.batch) for _ in range(2))
        check_repeatable(first, second)
        if subject.one_row_at_a_time and not subject.stateful:
            check_batch(subject.runner, name, dataset)


def _check_class_names(job: Job, outputs: Mapping[str, NDArray[Any]]) -> None:
    """Class names are in the order of an output, so one must have as many scores."""
    sizes = {name: value.shape[-1] for name, value in outputs.items() if value.dtype.kind == "f" and value.ndim > 1}
    count = len(job.labels or [])
    # A single score decides between two classes.
    if count and sizes and not any(count == size or (count == 2 and size == 1) for size in sizes.values()):
        listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
        raise BadInputError(
            f"`labels` names {count} classes, but no output has as many scores ({listed}); name the classes of one "
            "output, in its order",
            Hint.CLASS_NAMES,
        )


def _stated_for(
    job: Job, outputs: Mapping[str, NDArray[Any]], answers: Mapping[str, Arrays], *, is_default: bool
) -> dict[str, ModelTask]:
    """Return the tasks stated for these outputs; for the default signature also those of unknown outputs."""
    elsewhere = {name for other in answers.values() for name in other} - set(outputs)
    return {name: task for name, task in job.tasks.items() if name in outputs or (is_default and name not in elsewhere)}


def _count_warning(gate: Dataset, evidence: EvidenceKind, progress: Progress) -> None:
    if evidence is not EvidenceKind.GENERATED and gate.count < _ENOUGH_SAMPLES:
        progress.warn(
            f"the gate rests on {gate.count} samples: with fewer than {_ENOUGH_SAMPLES} a loss of a point may be "
            "chance, either way; give more, or use strict()"
        )


def _adjective(evidence: EvidenceKind) -> str:
    return {
        EvidenceKind.LABELS: "labelled",
        EvidenceKind.UNLABELLED: "unlabelled",
        EvidenceKind.GENERATED: "generated",
    }[evidence]
