"""outcome.json: how a build ended. Read by the custom resource, by people, and by the report."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from ..errors import ExitCode, OptimizerError
from ..hints import Hint
from .document import Document, Figure


class CandidateStatus(StrEnum):
    """The status of a candidate."""

    CHOSEN = "chosen"
    PASSED = "passed"
    REJECTED = "rejected"
    FAILED = "failed"
    SKIPPED = "skipped"


class EvidenceKind(StrEnum):
    """The evidence behind the figures."""

    LABELS = "labels"
    UNLABELLED = "unlabelled"
    GENERATED = "generated"
    """Generated inputs: they prove that a model runs, is finite and repeatable, and nothing more."""


class Split(StrEnum):
    """A part of the data that candidates are measured on; no two share a sample."""

    SELECTION = "selection"
    """The best of several candidates is chosen by it."""
    GATE = "gate"
    """The gate judges by it alone."""


class Loss(Document):
    """Loss of a candidate in a metric, on the same samples as the original. Negative: the candidate is better."""

    value: float
    interval: tuple[float, float]
    """95 %, by paired bootstrap of the samples."""


class Confusion(Document):
    """Number of times that each class was decided, for each class of the labels."""

    classes: list[int]
    """Numbers of the classes, or values of an output that answers the class itself."""
    counts: list[list[int]]
    """A row for each label, a column for each decision; one more where decisions were none of the classes."""


class OutputMetrics(Document):
    """Comparison of one output with the original's on the gate split. Absent: cannot be known from this data."""

    task: str
    accuracy: float | None = None
    balanced_accuracy: float | None = None
    """Mean recall of the classes that the labels have: what a rare class does to it shows."""
    accuracy_loss: float | None = None
    """Original minus candidate, paired, 0 to 1. Negative: the candidate is better."""
    accuracy_loss_interval: tuple[float, float] | None = None
    """95 %."""
    agreement: float | None = None
    agreement_interval: tuple[float, float] | None = None
    mean_absolute_error: Figure | None = None
    """Error of a regression against its labels, in their unit."""
    root_mean_squared_error: Figure | None = None
    r_squared: Figure | None = None
    """1: no error; 0: as near as the mean of the labels. Absent where the labels do not vary."""
    error_increase: Figure | None = None
    """Share by which the mean absolute error is greater than the original's, paired; negative where it is smaller.

    An original's error below a thousandth of the labels' mean deviation counts as that much.
    """
    error_increase_interval: tuple[Figure, Figure] | None = None
    """95 %."""
    relative_error: Figure | None = None
    """Euclidean norm of the difference over that of the original's output: infinite where that is 0."""
    relative_error_interval: tuple[Figure, Figure] | None = None
    snr_decibels: float | None = None
    scores: dict[str, Figure] = {}
    """Metrics that the labels allow, by their keys, such as `recall:1`."""
    losses: dict[str, Loss] = {}
    """Loss of a candidate in each of them."""
    serving_losses: dict[str, Loss] = {}
    """Loss of a candidate against the version that serves, in each metric that the gate compares."""
    confusion: Confusion | None = None
    """Confusion of at most 20 classes; absent for an output with several labels."""
    accuracy_without_teacher: float | None = None
    """Accuracy of the same student, trained on the same samples by their labels alone."""
    teacher_gain: float | None = None
    """A distilled candidate's accuracy minus that, paired, -1 to 1. Negative: the teacher did harm."""
    teacher_gain_interval: tuple[float, float] | None = None
    """95 %."""
    accuracy_of_trained_floats: float | None = None
    """Accuracy of the same model in floats, trained equally long; only of a candidate trained for its quantization."""
    loss_to_trained_floats: Loss | None = None
    """Loss of the candidate against that accuracy."""


class GivenReference(Document):
    """Answers in the evaluation data that all models are compared with, in place of those of the source's model."""

    program: str
    """Name of the program that gave them, as the data states it."""
    outputs: dict[str, OutputMetrics]
    """Comparison of the model in the source with them, by output."""


class Metrics(Document):
    """The measurements of one model."""

    evidence: EvidenceKind
    samples: int
    split: Split = Split.GATE
    """The split that the samples come from."""
    outputs: dict[str, OutputMetrics]
    """Figures by `<signature>/<output>`, or `<output>` of the default signature."""
    serving_version: int | None = None
    """The version that served when the gate compared with it."""
    reference: GivenReference | None = None
    """Answers in the data that figures are compared with, for the original only; absent: the model's own."""
    size_bytes: int
    """Size of the .tflite file, or of the SavedModel's directory."""
    compressed_bytes: int | None = None
    """Size as the model travels to a function, in a ZIP. LiteRT only."""
    latency_milliseconds: float | None = None
    """Median of one warm call with one instance, one thread."""
    latency_ratio: float | None = None
    """Candidate over original (SavedModel: the same runtime; LiteRT: its own float32 conversion), of the processor time
    that a call takes where the system tells it."""
    latency_ratio_interval: tuple[float, float] | None = None
    """The ratio's 95 % interval, from the noise of both medians."""
    two_threads_latency_ratio: float | None = None
    """Latency ratio where both models compute on two threads; no rule is on it. LiteRT only."""
    two_threads_latency_ratio_interval: tuple[float, float] | None = None


class InputRange(Document):
    """The range of one input of the evaluation data, over the samples of the gate."""

    dtype: str
    minimum: Figure
    maximum: Figure
    mean: Figure


class RuleResult(Document):
    """One rule of the gate, applied to one candidate."""

    rule: str
    limit: float
    measured: Figure | None
    passed: bool
    sentence: str
    output: str | None = None
    """Name in the metrics of the output that was measured, the worst of several; absent for size and latency."""
    metric: str | None = None
    """Key of the metric, for the rules that name one."""


class LayerError(Document):
    """Error of a layer's output by quantization, on a few samples."""

    layer: str
    """The name of its output in the .tflite file."""
    operation: str
    weights: str
    """The type of its weights, such as `int8`."""
    error: Figure
    """Euclidean norm of the difference over that of the output in float32; errors of earlier layers are in it."""


class Candidate(Document):
    """One way the model could be published."""

    name: str
    status: CandidateStatus
    reason: str = ""
    """The reason why it was not chosen; empty for the chosen one."""
    hints: list[Hint] = []
    """Ways out that the reason names."""
    metrics: Metrics | None = None
    rules: list[RuleResult] = []
    layers: list[LayerError] = []
    """Errors of the layers of a quantized LiteRT candidate, in the order of computation."""


class Outcome(Document):
    """End of a build: its exit code, its candidates and their figures."""

    schema_version: Literal[1] = 1
    exit_code: ExitCode
    sentence: str
    """One sentence: what was published, or what is wrong, with the way out."""
    hints: list[Hint] = []
    """The ways out that the sentence names."""
    warnings: list[str] = []
    warning_hints: list[Hint] = []
    """The ways out that the warnings name."""
    inputs: dict[str, InputRange] = {}
    """Ranges of the default signature's inputs, where there is evaluation data."""
    expected_scale: str | None = None
    """The scale of inputs that the model seems to expect; absent: there are no labels to tell."""
    original: Metrics | None = None
    candidates: list[Candidate] = []
    unverified: bool = False
    """Published without evidence that it decides like the original."""
    isolation: dict[str, str] = {}
    """State of each layer of isolation of the process that opened the model: `on`, or `off` with the reason."""

    @classmethod
    def of_error(cls, error: OptimizerError) -> Outcome:
        """Return the outcome of a build that an error ended before any candidate."""
        return cls(exit_code=error.exit_code, sentence=str(error), hints=list(error.hints))
