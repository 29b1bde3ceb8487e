"""model.json: all that the handler knows of its model.

The schema is `ModelDescription` of the optimizer's manifest.py; its JSON Schema is published beside the optimizer.
"""

from __future__ import annotations

from . import json_text
from .dtypes import ELEMENT_TYPES, ElementType
from .errors import ModelError, RequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

SCHEMA_VERSION = 1
DEFAULT_DIRECTORY = "/opt/ml/model"
FILE_NAME = "model.json"
OPENAPI_FILE = "openapi.json"


class Tensor:
    """An input or output: `dtype` and `shape` as clients see it, `stored` and `stored_shape` as the file has it."""

    __slots__ = (
        "count",
        "dtype",
        "item_shape",
        "known",
        "name",
        "scale",
        "shape",
        "stored",
        "stored_shape",
        "zero_point",
    )

    def __init__(self, name: str, data: dict[str, Any], *, batched: bool) -> None:
        inner = data.get("tensor") or {"dtype": data["dtype"], "shape": data["shape"]}
        self.name = name
        self.dtype = _element_type(data["dtype"], name)
        self.shape = _shape(data["shape"], name)
        self.stored = _element_type(inner["dtype"], name)
        self.stored_shape = _shape(inner["shape"], name)
        self.item_shape = self.stored_shape[1:] if batched else self.stored_shape
        """Shape of one row: without the batch."""
        self.known: dict[str, bytes] = {}
        """Stored bytes of numbers by their spelling in JSON, see `tensor_text`."""
        self.count = 1
        for dimension in self.stored_shape:
            if dimension < 1:
                raise ModelError(f"{FILE_NAME}: tensor {name!r} has the shape {self.stored_shape}, which is not static")
            self.count *= dimension
        if batched and (not self.stored_shape or self.stored_shape[0] != 1):
            raise ModelError(f"{FILE_NAME}: tensor {name!r} of a batched signature has the shape {self.stored_shape}")
        quantization = inner.get("quantization")
        self.scale: float | None = None
        self.zero_point = 0
        if self.dtype is not self.stored:
            if self.dtype.kind != "float" or self.stored.kind != "int" or not quantization:
                raise ModelError(f"{FILE_NAME}: tensor {name!r} cannot turn {self.dtype.name} into {self.stored.name}")
            scale = quantization["scale"]
            # A comparison with NaN is false.
            if type(scale) not in {int, float} or not 0 < scale < float("inf"):
                raise ModelError(f"{FILE_NAME}: tensor {name!r} has a scale that is not a positive number")
            self.scale = float(scale)
            self.zero_point = _typed(quantization["zeroPoint"], int, f"the zero point of {name!r}")


class TensorError(RequestError):
    """A value that does not fit its input.

    `indices` lead to the offending value inside the input's nested lists, so that whoever knows how the request was
    written (row or column format) can say where it is.
    """

    def __init__(self, tensor: Tensor, indices: tuple[int, ...], problem: str) -> None:
        place = "".join(f"[{index}]" for index in indices)
        super().__init__(
            400, f'inputs["{tensor.name}"]{place}: {problem}; expected {tensor.dtype.name} of shape {tensor.shape}'
        )
        self.tensor = tensor
        self.indices = indices
        self.problem = problem


class Signature:
    """One callable of the model."""

    __slots__ = ("batch", "batched", "file_signature", "inputs", "method_name", "name", "outputs")

    def __init__(self, name: str, data: dict[str, Any]) -> None:
        self.name = name
        self.file_signature = _typed(data.get("fileSignature") or name, str, "fileSignature")
        """Name in the file, where several signatures can be one."""
        self.batched = _typed(data["batched"], bool, "batched")
        batch = data.get("batch")
        self.batch: dict[str, Any] | None = None if batch is None else _typed(batch, dict, "batch")
        """Rows that the native runtime computes at once, for clients who ask."""
        self.method_name = _typed(data.get("methodName", "tensorflow/serving/predict"), str, "methodName")
        self.inputs = {key: Tensor(key, value, batched=self.batched) for key, value in data["inputs"].items()}
        self.outputs = {key: Tensor(key, value, batched=self.batched) for key, value in data["outputs"].items()}


class ModelDescription:
    """The document, read and checked."""

    __slots__ = ("default_signature", "file", "labels", "model", "reset_state", "signatures", "version")

    def __init__(self, data: dict[str, Any]) -> None:
        if data["schemaVersion"] != SCHEMA_VERSION:
            raise ModelError(
                f"{FILE_NAME} has schema version {data['schemaVersion']!r}, this handler reads {SCHEMA_VERSION}"
            )
        self.model = _typed(data["model"], str, "model")
        self.version = _typed(data["version"], int, "version")
        self.file = _typed(data.get("file", "model.tflite"), str, "file")
        if "/" in self.file or "\0" in self.file:
            raise ModelError(f"{FILE_NAME} names the file {self.file!r}, which is not beside it")
        self.reset_state = _typed(data.get("resetState", False), bool, "resetState")
        self.labels: list[str] | None = data.get("labels")
        for label in () if self.labels is None else _typed(self.labels, list, "labels"):
            _typed(label, str, "labels")
        self.default_signature = _typed(data["defaultSignature"], str, "defaultSignature")
        self.signatures = {name: Signature(name, value) for name, value in data["signatures"].items()}
        if self.default_signature not in self.signatures:
            raise ModelError(f"{FILE_NAME} names the default signature {self.default_signature!r}, which it lacks")


def read(directory: str) -> ModelDescription:
    """Read model.json of `directory`.

    Raises:
        ModelError: it is missing, not JSON, or not what the schema says.
    """
    path = f"{directory}/{FILE_NAME}"
    try:
        with open(path, encoding="utf-8") as file:
            return ModelDescription(json_text.loads(file.read()))
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is not a model description: {error!r}") from error


def _typed(value: Any, wanted: type[T], what: str) -> T:
    """Return a value of exactly this type: a number that is read as true or false would fail in a request."""
    if type(value) is not wanted:
        raise ModelError(f"{FILE_NAME}: {what} is {type(value).__name__}, must be {wanted.__name__}")
    return value


def _shape(value: Any, tensor: str) -> list[int]:
    for size in _typed(value, list, f"the shape of {tensor!r}"):
        _typed(size, int, f"the shape of {tensor!r}")
    return list(value)


def _element_type(name: str, tensor: str) -> ElementType:
    if name not in ELEMENT_TYPES:
        raise ModelError(f"{FILE_NAME}: tensor {tensor!r} has the type {name!r}, allowed: {', '.join(ELEMENT_TYPES)}")
    return ELEMENT_TYPES[name]
