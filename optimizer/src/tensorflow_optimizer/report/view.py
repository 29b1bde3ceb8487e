"""Formats the report's numbers as text, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..documents.job import Metric, ModelFormat, RecipeKind
from ..documents.outcome import Candidate, CandidateStatus, EvidenceKind, Metrics, OutputMetrics, Split
from . import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..documents.job import Job
    from ..documents.manifest import Tensor
    from ..documents.outcome import RuleResult
    from .content import Report

_STATUS = {
    CandidateStatus.CHOSEN: "chosen",
    CandidateStatus.PASSED: "passed, not chosen",
    CandidateStatus.REJECTED: "rejected",
    CandidateStatus.FAILED: "failed",
    CandidateStatus.SKIPPED: "not tried",
}
_EVIDENCE = {
    EvidenceKind.LABELS: "labelled samples",
    EvidenceKind.UNLABELLED: "samples without labels",
    EvidenceKind.GENERATED: "generated inputs",
}


@dataclass(frozen=True)
class Row:
    """One model in the table of candidates. Unknown values are empty."""

    name: str
    status: str
    label: str
    size: str = ""
    change: str = ""
    compressed: str = ""
    accuracy: str = ""
    balanced: str = ""
    """The mean recall of the classes."""
    loss: str = ""
    loss_interval: str = ""
    error: str = ""
    """The mean absolute error against the labels."""
    root_mean_squared: str = ""
    r_squared: str = ""
    increase: str = ""
    """Increase of the mean absolute error, in per cent."""
    increase_interval: str = ""
    agreement: str = ""
    agreement_interval: str = ""
    relative_error: str = ""
    relative_error_interval: str = ""
    snr: str = ""
    latency: str = ""
    speed: str = ""
    speed_interval: str = ""
    two_threads: str = ""
    """The speed on two threads."""
    worst: str = ""
    """The output that the figures are of, where there are several."""
    why: str = ""
    rules: list[tuple[bool, str]] = field(default_factory=list)


def rows_of(report: Report) -> list[Row]:
    """Return the original and all candidates."""
    rows = []
    if report.original:
        rows.append(Row("original", "original", "as given", **_measured(report.original, None, report.job)))
        if report.original.reference is not None:
            converted = report.original.model_copy(update={"outputs": report.original.reference.outputs})
            cells = _measured(converted, report.original, report.job)
            rows.append(Row("converted", "original", "before its optimization", **cells))
    for candidate in report.candidates:
        rows.append(
            Row(
                name=candidate.name,
                status=candidate.status.value,
                label=_STATUS[candidate.status],
                why=". ".join(
                    _sentence(text) for text in (_why(candidate, report), *_remarks(candidate, report)) if text
                ),
                rules=[(rule.passed, rule.sentence) for rule in candidate.rules],
                **(
                    _measured(candidate.metrics, report.original, report.job, candidate.rules)
                    if candidate.metrics
                    else {}
                ),
            )
        )
    return rows


def _why(candidate: Candidate, report: Report) -> str:
    if candidate.status is not CandidateStatus.CHOSEN or candidate.reason:
        return candidate.reason
    if report.job.recipe.kind is RecipeKind.FOR_LITERT and len(report.candidates) > 1:
        return "the first of the candidates, smallest first, that meets every rule of the gate"
    search = report.job.recipe.search
    if search is not None:
        best = "smallest, compressed," if search.objective == "size" else "fastest"
        return f"the {best} of those that passed the selection, and it meets every rule of the gate"
    if report.job.recipe.recovers:
        return "the one that lost least of those that passed the selection, and it meets every rule of the gate"
    return "the one candidate of this recipe, and it meets every rule of the gate"


def _remarks(candidate: Candidate, report: Report) -> list[str]:
    """Return remarks on the samples of figures, where candidates are selected, and on the teacher's contribution."""
    if candidate.metrics is None:
        return []
    remarks = [
        text
        for name, output in candidate.metrics.outputs.items()
        for text in (_taught(name, output, candidate.metrics), _beside_floats(name, output, candidate.metrics))
        if text is not None
    ]
    if report.job.recipe.search is not None or report.job.recipe.recovers:
        remarks.append(f"measured on the {candidate.metrics.samples:,} samples of the {candidate.metrics.split}")
    return remarks


def _taught(name: str, output: OutputMetrics, metrics: Metrics) -> str | None:
    gain, without = output.teacher_gain, output.accuracy_without_teacher
    if gain is None or without is None:
        return None
    which = f" at {name!r}" if len(metrics.outputs) > 1 else ""
    between = figures.interval(output.teacher_gain_interval)
    return (
        f"the teacher added {figures.points(gain)} points{which} ({between}, 95 %) to the {figures.percent(without)} "
        "that the same student reaches on the labels alone"
    )


def _beside_floats(name: str, output: OutputMetrics, metrics: Metrics) -> str | None:
    loss, accuracy = output.loss_to_trained_floats, output.accuracy_of_trained_floats
    if loss is None or accuracy is None:
        return None
    which = f" at {name!r}" if len(metrics.outputs) > 1 else ""
    return (
        f"the same model in floats, trained equally long, reaches {figures.percent(accuracy)}{which}, "
        f"{figures.points(loss.value)} points more ({figures.interval(loss.interval)}, 95 %)"
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith(("the teacher", "the same model", "measured on")) else text


def speed_of(metrics: Metrics, job: Job) -> str:
    """Return a candidate's latency ratio in words, with what it is compared with."""
    return figures.speed(metrics.latency_ratio, metrics.latency_ratio_interval, other_model(job))


def other_model(job: Job) -> str:
    """Return the name of the model that latencies are compared with."""
    return "float32" if job.format is ModelFormat.LITERT else "the original"


def _measured(metrics: Metrics, original: Metrics | None, job: Job, rules: Sequence[RuleResult] = ()) -> dict[str, Any]:
    """Return the texts of a row by field."""
    name, worst = figures.worst_output(metrics, rules)
    cells = {
        "size": figures.megabytes(metrics.size_bytes),
        "change": figures.smaller(original.size_bytes, metrics.size_bytes) if original else "",
        "compressed": "" if metrics.compressed_bytes is None else figures.megabytes(metrics.compressed_bytes),
        "latency": "" if metrics.latency_milliseconds is None else figures.milliseconds(metrics.latency_milliseconds),
        "speed": "" if metrics.latency_ratio is None or not original else speed_of(metrics, job),
        "speed_interval": figures.speeds(metrics.latency_ratio_interval) if original else "",
        "two_threads": _on_two_threads(metrics) if original else "",
    }
    if worst is None or name is None:
        return cells
    known = {
        "accuracy": worst.accuracy is not None and figures.percent(worst.accuracy),
        "balanced": worst.balanced_accuracy is not None and figures.percent(worst.balanced_accuracy),
        "loss": worst.accuracy_loss is not None and original and figures.points(worst.accuracy_loss),
        "loss_interval": original and figures.interval(worst.accuracy_loss_interval),
        "error": worst.mean_absolute_error is not None and figures.small(worst.mean_absolute_error),
        "root_mean_squared": worst.root_mean_squared_error is not None and figures.small(worst.root_mean_squared_error),
        "r_squared": worst.r_squared is not None and figures.r_squared(worst.r_squared),
        "increase": worst.error_increase is not None and original and f"{figures.points(worst.error_increase)} %",
        "increase_interval": original and figures.interval(worst.error_increase_interval),
        "agreement": worst.agreement is not None and figures.percent(worst.agreement),
        "agreement_interval": worst.agreement_interval and _between(worst.agreement_interval),
        "relative_error": worst.relative_error is not None and original and figures.small(worst.relative_error),
        "relative_error_interval": original and figures.interval(worst.relative_error_interval, 1),
        "snr": worst.snr_decibels is not None and original and f"{worst.snr_decibels:.1f} dB",
        "worst": original and len(metrics.outputs) > 1 and name,
    }
    return {**cells, **{column: text for column, text in known.items() if text}}


def _on_two_threads(metrics: Metrics) -> str:
    ratio = metrics.two_threads_latency_ratio
    return "" if ratio is None else figures.speed(ratio, metrics.two_threads_latency_ratio_interval)


def _between(bounds: tuple[float, float]) -> str:
    return " … ".join(figures.percent(bound) for bound in bounds)


@dataclass(frozen=True)
class OutputRow:
    """One output of one candidate."""

    candidate: str
    output: str
    task: str
    cells: Row


def output_rows(report: Report) -> list[OutputRow]:
    """Return every output of every measured candidate."""
    rows = []
    for candidate in report.candidates:
        for name, output in (candidate.metrics.outputs if candidate.metrics else {}).items():
            assert candidate.metrics is not None  # noqa: S101 - outputs come from there
            alone = candidate.metrics.model_copy(update={"outputs": {name: output}})
            cells = Row(
                candidate.name,
                candidate.status.value,
                _STATUS[candidate.status],
                **_measured(alone, report.original or alone, report.job),
            )
            rows.append(OutputRow(candidate.name, name, output.task, cells))
    return rows


def evidence_of(report: Report) -> str:
    """Return the evidence of the figures, such as `600 labelled samples`."""
    measured = _all_measured(report)
    if not measured:
        return ""
    samples = f"{min(metrics.samples for metrics in measured):,} {_EVIDENCE[measured[0].evidence]}"
    given = report.original.reference if report.original else None
    return f"{samples}, to which the answers of {given.program} are the reference" if given else samples


def has_real_data(report: Report) -> bool:
    """Say whether the figures are of real samples."""
    return any(metrics.evidence is not EvidenceKind.GENERATED for metrics in _all_measured(report))


def _all_measured(report: Report) -> list[Metrics]:
    """Return the candidates' metrics, or those of the original if no candidate was measured."""
    return [candidate.metrics for candidate in report.candidates if candidate.metrics] or (
        [report.original] if report.original else []
    )


def samples_sentence(report: Report) -> str:
    """Return a sentence on the samples of the figures."""
    measured = [candidate.metrics for candidate in report.candidates if candidate.metrics]
    if any(metrics.evidence is EvidenceKind.GENERATED for metrics in measured):
        return "All figures are of generated inputs."
    if any(metrics.split is Split.SELECTION for metrics in measured):
        return (
            "Each candidate says which samples its figures are of: those of the selection, by which the search chose, "
            "or those of the gate, which judges by them alone. No candidate was calibrated or trained with either."
        )
    return (
        "All figures are of the samples that the gate judges on, and no candidate was calibrated, trained or selected "
        "with them."
    )


def tensor_text(tensor: Tensor) -> str:
    """Return `float32 [batch, 28, 28]`, and the type inside the LiteRT model if it differs."""
    shape = ", ".join("?" if size < 0 else str(size) for size in tensor.shape)
    text = f"{tensor.dtype} [{shape}]"
    inside = tensor.tensor
    if inside and inside.quantization:
        text += (
            f" ← {inside.dtype}, scale {figures.small(inside.quantization.scale)}, "
            f"zero point {inside.quantization.zero_point}"
        )
    return text


_HEADLINES = {
    "accepted": "Accepted",
    "accepted unverified": "Accepted, but unverified",
    "refused by the quality gate": "Refused by the quality gate",
    "bad input": "Ended: the input cannot be used",
    "not possible": "Ended: the model cannot do what was asked",
    "failed": "Failed",
}


def headline_of(report: Report) -> str:
    """Return the verdict as a headline."""
    return _HEADLINES[report.verdict.value]


def tiles_of(report: Report) -> list[tuple[str, str, str]]:
    """Return the most important figures as name, value and remark; none if nothing was chosen."""
    chosen = next((candidate for candidate in report.candidates if candidate.name == report.chosen), None)
    if chosen is None or chosen.metrics is None:
        return []
    after, before = chosen.metrics, report.original
    tiles = [
        ("size", figures.megabytes(after.size_bytes), _from(figures.megabytes(before.size_bytes) if before else None))
    ]
    name, worst = figures.worst_output(after, chosen.rules)
    earlier = before.outputs.get(name) if before and name else None
    judged = next((rule.metric for rule in chosen.rules if rule.metric and rule.output == name), None)
    if worst and judged in worst.scores and worst.mean_absolute_error is None:
        was = figures.percent(earlier.scores.get(judged)) if earlier else None
        tiles.append((Metric.of_key(judged).words, figures.percent(worst.scores[judged]), _from(was)))
    elif worst and worst.accuracy is not None:
        was = figures.percent(earlier.accuracy) if earlier and earlier.accuracy is not None else None
        tiles.append(("accuracy", figures.percent(worst.accuracy), _from(was)))
    elif worst and worst.mean_absolute_error is not None:
        error = earlier.mean_absolute_error if earlier else None
        remark = _from(None if error is None else figures.small(error))
        tiles.append(("mean absolute error", figures.small(worst.mean_absolute_error), remark))
    elif worst and worst.agreement is not None:
        tiles.append(("agreement", figures.percent(worst.agreement), "with the original's answers"))
    elif worst and worst.relative_error is not None:
        tiles.append(("relative error", figures.small(worst.relative_error), "of the original's numbers"))
    latency = after.latency_milliseconds
    if latency is not None:
        remark = speed_of(after, report.job) if after.latency_ratio is not None else "one instance, one thread"
        tiles.append(("latency", figures.milliseconds(latency), remark))
    if report.requirements and report.requirements.runtime:
        memory = report.requirements.peak_memory_mebibytes
        remark = f"{memory:,.0f} MiB of memory at its peak" if memory else ""
        tiles.append(("runtime", report.requirements.runtime.value, remark))
    return tiles


def _from(text: str | None) -> str:
    return f"from {text}" if text else ""
