"""A signature as declared by its SavedModel."""

from __future__ import annotations

from dataclasses import dataclass

STRING = "string"
DEFAULT_SIGNATURE = "serving_default"

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Feature:
    """One feature of a `tf.train.Example`."""

    key: str
    dtype: str
    """`string`, `float32` or `int64`."""
    size: int
    """Number of values."""


@dataclass(frozen=True)
class TensorSpec:
    """One input or output."""

    dtype: str
    """NumPy's name, or `string`."""
    shape: Shape | None
    """Sizes of the dimensions; None: of unknown rank. A None inside: an unknown dimension."""
    tensor_name: str
    """Name of the graph's tensor, which a session feeds or fetches."""
    features: tuple[Feature, ...] | None = None
    """Features of the serialized `tf.train.Example` messages in its strings; None: they hold none."""

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype} of unknown rank"
        return f"{self.dtype}[{', '.join('?' if size is None else str(size) for size in self.shape)}]"


@dataclass(frozen=True)
class SignatureSpec:
    """One callable."""

    name: str
    method_name: str
    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]

    @property
    def string_tensors(self) -> list[str]:
        """Names of the string inputs and outputs."""
        return [name for name, spec in {**self.inputs, **self.outputs}.items() if spec.dtype == STRING]
