"""manifest.json and model.json: what an artifact is. Read by the custom resource and by the endpoints."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from .document import Document, Figure
from .image import Image
from .job import Architecture, Gate, ModelFormat, Recipe
from .outcome import Candidate, Metrics, RuleResult


class Runtime(StrEnum):
    """Lambda runtime layer that serves a LiteRT model."""

    NATIVE = "native"
    """The native program over LiteRT's C library."""
    NUMPY = "numpy"
    """The Python handler over LiteRT's Python package."""


class TensorQuantization(Document):
    """real = scale * (stored - zero point)."""

    scale: float
    zero_point: int


class LiteRtTensor(Document):
    """The tensor inside the .tflite file that a signature's input or output is bound to."""

    dtype: str
    shape: list[int]
    """Fully static. Dimension 0 is 1 for a batched signature."""
    quantization: TensorQuantization | None = None


class Tensor(Document):
    """An input or output as clients see it."""

    dtype: str
    """NumPy's name: float32, int64, bool, …; `string` for bytes."""
    shape: list[int]
    """-1: the batch (dimension 0 of a batched signature), or unknown (SavedModel only)."""
    tensor: LiteRtTensor | None = None
    """LiteRT only."""
    image: Image | None = None
    """An input that takes encoded images too, in the place of a row's numbers; absent: numbers alone."""


class Batch(Document):
    """Rows that one run of a LiteRT file computes."""

    rows: Annotated[int, Field(ge=1, le=1024)]
    """1: a row at a time takes least time, or rows cannot be computed together."""
    least: Annotated[int, Field(ge=1)] | None = None
    """Fewest rows for which one run, filled up to `rows`, takes less time than a run for each; absent for 1."""
    reason: str | None = None
    """The reason why it is 1."""


class Signature(Document):
    """One callable of the model."""

    batched: bool
    """Dimension 0 of every input and output is the batch."""
    batch: Batch | None = None
    """LiteRT only, where the native program was measured."""
    file_signature: str | None = None
    """LiteRT only: its name in the file, where that is another. Several signatures may be one of the file."""
    method_name: str = "tensorflow/serving/predict"
    inputs: dict[str, Tensor]
    file_inputs: dict[str, Tensor] | None = None
    """Inputs of the file, where text.json has the steps that make them of `inputs`; absent: they are `inputs`."""
    outputs: dict[str, Tensor]


class TextReference(Document):
    """The description of the steps on text and categories, beside the model."""

    file: Literal["text.json"] = "text.json"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ModelDescription(Document):
    """model.json, beside model.tflite in the layer: all that the Lambda handler knows of its model."""

    schema_version: Literal[1]
    model: str
    version: Annotated[int, Field(ge=1)]
    file: Annotated[str, Field(pattern=r"^[^/\x00]+$")] = "model.tflite"
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    """SHA-256 of the file; absent in versions that were published without it."""
    runtime: Runtime
    """The runtime that the job proved; the function may still be configured to use numpy."""
    reset_state: bool = False
    """Variables change between calls: every request starts from the initial state (numpy only)."""
    default_signature: str
    signatures: dict[str, Signature]
    labels: list[str] | None = None
    text: TextReference | None = None
    """Absent where no signature takes text or categories."""


class File(Document):
    """One file of the artifact, path relative to the manifest (inside layer.zip: `layer.zip!/ml/model/…`)."""

    path: str
    size: int
    sha256: str


class SourceRecord(Document):
    """The source that the artifact was made from."""

    digest: str
    """SHA-256 over the sorted list of `sha256  path` lines of the files really read."""
    format: str
    """saved_model, keras, h5 or tflite."""
    tensorflow_version: str | None = None
    object_version: str | None = None
    revision: str | None = None
    allowed_operations: list[str] = []
    """Operations of TensorFlow that act on more than the model, and were allowed: it may read files, for example."""


class Requirements(Document):
    """The requirements on a platform."""

    runtime: Runtime | None = None
    native_refusal: str | None = None
    """The reason why the native program cannot serve it; absent when it can."""
    minimum_serving_version: str | None = None
    cpu_features: list[str] = []
    peak_memory_mebibytes: float | None = None
    """Peak resident memory of a process that loads the model and answers one request."""


class RowsTrial(Document):
    """Runs of several rows, compared with runs of one row in turn with them."""

    rows: int
    ratio: float | None = None
    """Processor time of a row, divided by that of a row alone; absent where it was not tried."""
    refusal: str | None = None
    """The reason why it was not tried."""


class RunTimes(Document):
    """Times of a signature's runs in the native program, where the job ran."""

    row_microseconds: float
    """Processor time of a row alone, with one thread."""
    rows: list[RowsTrial] = []
    difference: float | None = None
    """Largest difference that `batch` makes to an output, divided by its largest value; 0: no bit differs."""
    threads_ratio: float | None = None
    """Time of a row with two threads, divided by that with one; absent on a machine with one processor."""


class ImageProof(Document):
    """The native program's answers to images of the evaluation data, compared with those to TensorFlow's numbers."""

    pictures: int
    differences: dict[str, Figure]
    """Largest difference of each output, divided by its largest value of that image; each decides the same."""


class ServerTrial(StrEnum):
    """Result of trying the server on the model before both were published."""

    ANSWERED = "answered"
    """The program loaded the model, and answered as the optimizer's own runtime does."""
    NOT_RUN = "notRun"
    """The machine that optimized cannot run it."""


class ServerProgram(Document):
    """The server's program that is published with the model."""

    image: str
    """The image that it was taken out of, as it was named."""
    digest: str
    """Digest of the image."""
    sha256: str
    """SHA-256 of the program."""
    size: int
    key: str = ""
    """Key of the program in the bucket; empty until it is published."""
    trial: ServerTrial
    trial_note: str = ""
    """The reason why it was not run."""


class Extra(TypedDict, total=False):
    """Facts that not every version has; members of other versions of the optimizer are kept."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # the name that pydantic reads

    startMilliseconds: float
    """From the start of the native program to its first answer."""
    processorMilliseconds: float
    """Median processor time of one warm request in the native program."""
    processorMillisecondsP99: float
    """99th percentile of the processor time of warm requests there."""
    isolation: dict[str, str]
    """State of each layer of isolation of the process that opened the model: `on`, or `off` with the reason."""
    fetched: dict[str, Any]
    """Objects that the build read from S3."""


class Draft(Document):
    """All of manifest.json that is known before anything is published: what `run` leaves as draft.json."""

    schema_version: Literal[1] = 1
    model: str
    format: ModelFormat
    architecture: Architecture
    size_bytes: int
    """Unzipped, of what is loaded."""
    default_signature: str
    signatures: dict[str, Signature]
    reset_state: bool = False
    """Variables change between calls: every request starts from the initial state (numpy only)."""
    labels: list[str] | None = None
    text: TextReference | None = None
    """Steps on text and categories; absent where no signature has some."""
    source: SourceRecord
    recipe: Recipe
    candidate: str
    """Name of the candidate that was chosen."""
    unverified: bool
    original: Metrics | None
    evaluation: Metrics | None
    gate: Gate | None
    gate_results: list[RuleResult]
    candidates: list[Candidate] = []
    requirements: Requirements
    runs: dict[str, RunTimes] = {}
    """Times of the native program by signature; empty where they were not measured."""
    pictures: ImageProof | None = None
    """Proof of images; absent where the model takes none, or the evaluation data are none."""
    load_milliseconds: float | None = None
    latency_milliseconds: float | None = None
    tools: dict[str, str]
    server: ServerProgram | None = None
    build_key: str | None = None
    """Digest of the job.json that the draft was made from."""
    extra: Extra = {}


class Manifest(Draft):
    """manifest.json."""

    version: int
    files: list[File]
    documents: list[File] = []
    """Documents that describe the version and that no server reads: bill of materials, provenance and profile.

    Of a SavedModel its openapi.json, too.
    """
    golden_sha256: str | None = None
    """SHA-256 of golden/<version>.json, which is not next to the manifest; absent if there is none."""
    created: str
    """ISO 8601, UTC."""
    build_id: str
    build_key: str
