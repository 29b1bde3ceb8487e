"""text.json: the part of a model that computes on text and categories, as a list of steps with tables.

LiteRT has no strings. The native program runs these steps on what clients send, and feeds their results to the .tflite
file beside it.
"""

from __future__ import annotations

import base64
import math
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from .document import Document

#: Name of the description, and of its tables by number, beside the model.
TEXT_FILE = "text.json"
TABLE_PATTERN = "text-*.table"
MOST_TABLES, MOST_SIGNATURES, MOST_STEPS = 256, 64, 4096
MOST_BYTES, MOST_ELEMENTS, MOST_RANK = 16 << 20, 1 << 20, 8

ValueType = Literal["string", "int64", "int32", "float32", "float64", "bool", "uint8"]
Number = Annotated[int, Field(ge=0, strict=True)]
Shape = Annotated[list[Number], Field(max_length=MOST_RANK)]
_FLOATS = {"float32", "float64"}
_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}
_INTEGERS = {"int64": (-(1 << 63), (1 << 63) - 1), "int32": (-(1 << 31), (1 << 31) - 1), "uint8": (0, 255)}


class TableFile(Document):
    """A file with keys and their values, which is read by mapping it into memory."""

    file: Annotated[str, Field(pattern=r"^text-\d+\.table$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Number
    """Size of the file, in bytes."""
    entries: Number
    key: Literal["string", "int64"]
    value: Literal["string", "int64"]


class StepInput(Document):
    """An input that clients send: one row of it, where the signature has a batch."""

    name: str
    dtype: ValueType
    shape: Shape


class Constant(Document):
    """A tensor that depends on no input."""

    dtype: ValueType
    shape: Shape
    values: list[Any]
    """Elements in row-major order. Strings are Base64 of their bytes; NaN and infinity are written as strings."""

    @model_validator(mode="after")
    def _values_fit(self) -> Constant:
        if len(self.values) != math.prod(self.shape):
            raise ValueError(f"{len(self.values)} values do not fill the shape {self.shape}")
        if not all(map(self._is_element, self.values)):
            raise ValueError(f"the values are not all {self.dtype}")
        return self

    def _is_element(self, value: Any) -> bool:
        if self.dtype == "bool" or isinstance(value, bool):
            return self.dtype == "bool" and isinstance(value, bool)
        if self.dtype in _FLOATS:
            return value in _NOT_FINITE if isinstance(value, str) else isinstance(value, int | float)
        if self.dtype == "string":
            return isinstance(value, str) and _is_base64(value)
        least, most = _INTEGERS[self.dtype]
        return isinstance(value, int) and least <= value <= most


class Step(Document):
    """One operation of TensorFlow, on values by their numbers."""

    operation: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
    inputs: list[Number]
    outputs: Annotated[list[Number], Field(min_length=1)]
    attributes: dict[str, Any]
    """TensorFlow's names; bytes are Base64."""


class Fed(Document):
    """A value that becomes an input of the .tflite file's signature."""

    input: str
    value: Number


class TextPart(Document):
    """The steps of one signature.

    Values are numbered in the order of inputs, constants and the outputs of the steps. Steps run for one row at a time.
    """

    inputs: list[StepInput]
    constants: list[Constant]
    steps: Annotated[list[Step], Field(max_length=MOST_STEPS)]
    fed: Annotated[list[Fed], Field(min_length=1)]

    @model_validator(mode="after")
    def _values_are_numbered(self) -> TextPart:
        known = len(self.inputs) + len(self.constants)
        for step in self.steps:
            if any(number >= known for number in step.inputs):
                raise ValueError(f"{step.operation} takes a value that no earlier step makes")
            if step.outputs != list(range(known, known + len(step.outputs))):
                raise ValueError(f"the values that {step.operation} makes are not numbered from {known}")
            known += len(step.outputs)
        if any(fed.value >= known for fed in self.fed):
            raise ValueError("a value is fed that no step makes")
        if sum(len(constant.values) for constant in self.constants) > MOST_ELEMENTS:
            raise ValueError(f"the constants have more than {MOST_ELEMENTS} elements")
        return self


class TextDescription(Document):
    """text.json."""

    schema_version: Literal[1] = 1
    tables: Annotated[list[TableFile], Field(max_length=MOST_TABLES)]
    signatures: Annotated[dict[str, TextPart], Field(max_length=MOST_SIGNATURES)]
    """Steps of each signature, by the name that clients use."""

    def to_json(self) -> str:
        """Return the text that is written to disk, without indentation: it is read at every start."""
        return self.model_dump_json(by_alias=True) + "\n"


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True
