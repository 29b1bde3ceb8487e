"""job.json: what one optimization job is asked to do. Written by a program or by hand."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from .document import Document
from .image import ImageInput
from .quantization import Quantization

SCHEMA_VERSION = 1

#: Raised when the same job makes another output than before, so that nothing old is taken for it.
BEHAVIOR_VERSION = 17


class ModelFormat(StrEnum):
    """The format of an artifact."""

    LITERT = "litert"
    SAVED_MODEL = "saved_model"


class Packaging(StrEnum):
    """Form in which a model or data is stored at an S3 location."""

    ZIP = "zip"
    """One object: a ZIP of a directory."""
    FILE = "file"
    """One object: the file itself. A `.keras` file is one, although it is a ZIP too."""
    PREFIX = "prefix"
    """Every object below a prefix that ends with a slash."""


class Location(Document):
    """A location in S3. Never part of the build key."""

    bucket: str
    key: str
    object_version: str | None = None


class Identity(Document):
    """Identifies content without reading it. Part of the build key."""

    digest: str | None = None
    """A hash of the asset, or the SHA-256 of the content."""
    object_version: str | None = None
    """The S3 version id that the user pinned."""
    revision: str | None = None
    """A text of the user's own that changes when the objects change."""
    uri: str | None = None
    """`s3://bucket/key`, when the user gave nothing that tells contents apart."""


class StatefulBehavior(StrEnum):
    """Treatment of a model whose variables change between calls."""

    REFUSE = "refuse"
    RESET_PER_REQUEST = "reset_per_request"


class Source(Document):
    """The model to optimize."""

    packaging: Packaging
    file_name: str | None = None
    """The file's own name for `file`: its extension tells `.keras`, `.h5` and `.tflite` apart."""
    identity: Identity
    location: Location | None = None
    input_shapes: dict[str, list[int]] | None = None
    """Whole shapes by input name, the batch dimension included."""
    signature_name: str | None = None
    """The only signature to keep, and the default one. Absent: all that can be converted."""
    tags: list[str] = ["serve"]
    stateful: StatefulBehavior = StatefulBehavior.REFUSE
    allowed_operations: list[str] = []
    """Operations that the model may have although they act on more than it, by TensorFlow's names: `ReadFile`."""


class Evaluation(Document):
    """Real inputs, with labels or without: an `.npz`, `.jsonl`, `.csv` or `.parquet` file, or a directory with one."""

    packaging: Packaging
    file_name: str | None = None
    identity: Identity
    location: Location | None = None


class ModelTask(StrEnum):
    """The task of an output, which decides how two answers are compared."""

    MULTICLASS = "multiclass"
    BINARY = "binary"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


class Strip(Document):
    """Re-save what serving needs and nothing else. Changes no number."""

    step: Literal["strip"] = "strip"


class Freeze(Document):
    """Variables become constants. Falls back to stripping where that would change an answer."""

    step: Literal["freeze"] = "freeze"


class Pruning(Document):
    """The smallest weights become zero: fewer bytes where the artifact travels compressed, and never faster."""

    step: Literal["pruning"] = "pruning"
    sparsity: Annotated[float, Field(gt=0, lt=1)]
    """The share of each weight matrix that becomes zero."""
    schedule: Literal["gradual", "atOnce"] = "gradual"
    """Growth of the share while the rest is trained on the evaluation data. Without data it is always at once."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 10
    """Passes of the training over its part of the evaluation data."""


class StudentSize(StrEnum):
    """Size of a student that is built to the model's signature; `training/student.py` lists the layers of each."""

    TINY = "tiny"
    SMALL = "small"
    MEDIUM = "medium"


class StudentModel(Document):
    """A model of the user's own to train: a SavedModel or a Keras file with the signature of the teacher."""

    packaging: Packaging
    file_name: str | None = None
    identity: Identity
    location: Location | None = None


class Student(Document):
    """The model to train: built here, or given."""

    size: StudentSize | None = None
    given: StudentModel | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Student:
        if (self.size is None) == (self.given is None):
            raise ValueError("a student has either a size (tiny, small, medium) or a given model, and not both")
        return self

    @property
    def name(self) -> str:
        """Name in reports."""
        if self.given is None:
            return str(self.size)
        identity = self.given.identity
        return (
            self.given.file_name
            or f"given {(identity.digest or identity.revision or identity.object_version or '')[:8]}"
        )


class Distillation(Document):
    """A smaller model learns to answer as the original does, and takes its place."""

    step: Literal["distillation"] = "distillation"
    student: Student
    temperature: Annotated[float, Field(gt=0, le=100)] = 4.0
    """The teacher's and the student's scores are divided by it, so that unlikely classes count as well."""
    alpha: Annotated[float, Field(ge=0, le=1)] | None = None
    """Share of the labels in the loss; the rest is the teacher's. Absent: 0.1 with labels, 0 without."""
    epochs: Annotated[int, Field(ge=1, le=1000)] = 30
    """Passes of the training over its part of the evaluation data."""
    augment: bool = True
    """Train on changed copies of the inputs too, with the teacher's answer to each."""


Step = Annotated[Quantization | Strip | Freeze | Pruning | Distillation, Field(discriminator="step")]


class Search(Document):
    """Objective and limits of the recipe `search`."""

    objective: Literal["size", "latency"]
    max_accuracy_loss: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Default accuracy rule of the gate for labelled outputs that decide classes, where the gate has none of its own.

    Absent: the gate's default.
    """
    max_error_increase: Annotated[float, Field(ge=0)] | None = None
    """Default rule of the gate for labelled outputs that are regressions: relative increase of the mean absolute error.

    Absent: 0.01.
    """
    max_trials: Annotated[int, Field(ge=1)] = 20


class RecipeKind(StrEnum):
    """Source of the candidates."""

    STEPS = "steps"
    """Exactly one candidate: `steps`, in their order."""
    NONE = "none"
    """Convert only (LiteRT: float32), or serve as it is (SavedModel)."""
    FOR_LITERT = "forLiteRt"
    """Candidates with data: dynamic range (depthwise convolutions in float), float16, float32; without data the last
    two."""
    FOR_SERVING = "forServing"
    """Strip."""
    SEARCH = "search"
    """Candidates from mild to strong, `steps` (when given) being all that is combined; the best that passes."""


class Recipe(Document):
    """Candidates to make."""

    kind: RecipeKind
    steps: list[Step] = []

    search: Search | None = None

    @property
    def recovers(self) -> bool:
        """Say whether the best of several candidates of one quantization is published."""
        return any(isinstance(step, Quantization) and step.recover is not None for step in self.steps)

    @model_validator(mode="after")
    def _members_only_where_they_count(self) -> Recipe:
        if self.kind is not RecipeKind.SEARCH and (self.kind is RecipeKind.STEPS) != bool(self.steps):
            raise ValueError("steps must be given for the recipe kind 'steps', may be given for 'search', and else not")
        if (self.kind is RecipeKind.SEARCH) != (self.search is not None):
            raise ValueError("search must be given for the recipe kind 'search', and for no other kind")
        return self


class MetricName(StrEnum):
    """A figure of a model's answers against their labels."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balancedAccuracy"
    """Mean recall of the classes; of a label among several, of its yes and its no."""
    RECALL = "recall"
    PRECISION = "precision"
    F1 = "f1"
    AUC = "auc"
    """Area under the ROC curve, of two classes."""
    TOP_K = "topK"
    """Share of the samples whose label is among the k greatest scores."""
    MEAN_ABSOLUTE_ERROR = "meanAbsoluteError"
    """Error of a regression. Its loss is the increase, as a share of the original's error."""


_METRIC_WORDS = {
    MetricName.BALANCED_ACCURACY: "balanced accuracy",
    MetricName.F1: "F1",
    MetricName.AUC: "area under the ROC curve",
    MetricName.MEAN_ABSOLUTE_ERROR: "mean absolute error",
}


class Metric(Document):
    """A metric, and of what it is."""

    name: MetricName
    class_index: Annotated[int, Field(ge=0)] | None = None
    """The class, for recall, precision and F1. Absent: the mean of all classes that the labels have."""
    k: Annotated[int, Field(ge=1)] | None = None
    output: str | None = None
    """Name of the output; absent: each output that has the metric."""

    @model_validator(mode="after")
    def _members_only_where_they_count(self) -> Metric:
        by_class = self.name in {MetricName.RECALL, MetricName.PRECISION, MetricName.F1}
        if self.class_index is not None and not by_class:
            raise ValueError("a class may be given for recall, precision and F1 only")
        if (self.k is not None) != (self.name is MetricName.TOP_K):
            raise ValueError(f"k must be given for {MetricName.TOP_K.value}, and for no other metric")
        return self

    @property
    def key(self) -> str:
        """Key among an output's figures."""
        number = self.k if self.class_index is None else self.class_index
        return self.name.value if number is None else f"{self.name.value}:{number}"

    @classmethod
    def of_key(cls, key: str) -> Metric:
        """Return the metric with this key."""
        name, _, number = key.partition(":")
        member = "k" if name == MetricName.TOP_K else "class_index"
        return cls.model_validate({"name": name, **({member: int(number)} if number else {})})

    @property
    def words(self) -> str:
        """Name in sentences."""
        if self.name is MetricName.TOP_K:
            return f"top-{self.k} accuracy"
        name = _METRIC_WORDS.get(self.name, self.name.value)
        return name if self.class_index is None else f"{name} of the class {self.class_index}"


_METRIC_RULES = ("maxLoss", "notWorseThanServing")


class Rule(Document):
    """One condition that a candidate must meet to be published."""

    rule: Literal[
        "maxAccuracyLoss",
        "maxErrorIncrease",
        "minAgreement",
        "maxRelativeError",
        "maxLoss",
        "notWorseThanServing",
        "maxSizeBytes",
        "maxLatencyRatio",
    ]
    value: float
    metric: Metric | None = None
    """The metric of a rule about the loss of one. A loss whose 95 % interval includes 0 does not break such a rule."""

    @model_validator(mode="after")
    def _a_metric_where_it_counts(self) -> Rule:
        if (self.metric is not None) != (self.rule in _METRIC_RULES):
            raise ValueError(f"metric must be given for the rules {' and '.join(_METRIC_RULES)}, and for no others")
        return self


class Gate(Document):
    """All rules must hold."""

    rules: list[Rule]
    strict: bool = False
    """Gate on the unfavourable end of the 95 % interval instead of the measured value."""


class Server(Document):
    """The server whose program is published with the model, for machines without a container runtime."""

    image: str
    """The image that it is taken out of, with a tag or a digest."""


class Toolchain(Document):
    """The versions that decide the output's bytes. Recorded by the writer of job.json, checked by the job."""

    behavior_version: int
    tensorflow: str
    litert: str


class Architecture(StrEnum):
    """The processor that will serve."""

    X86_64 = "x86_64"
    ARM64 = "arm64"


class Job(Document):
    """One optimization job."""

    schema_version: Literal[1] = 1
    model: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$", max_length=63)]
    """The REST name."""
    format: ModelFormat
    source: Source
    evaluation: Evaluation | None = None
    image: ImageInput | None = None
    """The input that takes images; absent: all take numbers alone."""
    tasks: dict[str, ModelTask] = {}
    """The task by output name; an output that is not named gets an inferred one."""
    recipe: Recipe
    gate: Gate | None = None
    """Rules to be published; absent: the default for what data there is."""
    seed: int = 0
    architecture: Architecture = Architecture.X86_64
    labels: list[str] | None = None
    """Class names in the order of the model's output."""
    warmup_records: Annotated[int, Field(ge=0, le=1000)] = 10
    """SavedModel only: how many rows of the evaluation data are published in the model, for its server to warm up."""
    server: Server | None = None
    """Server to publish beside the model; absent: none."""
    toolchain: Toolchain

    @model_validator(mode="after")
    def _a_server_only_where_one_serves(self) -> Job:
        if self.server and (self.format is not ModelFormat.SAVED_MODEL or self.architecture is not Architecture.X86_64):
            raise ValueError("server may be given for the format saved_model on x86_64 only")
        return self

    @model_validator(mode="after")
    def _images_only_where_they_are_decoded(self) -> Job:
        if self.image and self.format is not ModelFormat.LITERT:
            raise ValueError("image may be given for the format litert only: TensorFlow Serving decodes no images")
        return self
