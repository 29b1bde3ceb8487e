"""Description of the model that a leaf opened: data of a stranger, from which the judge makes a source."""

from __future__ import annotations

from dataclasses import dataclass

from ..signatures import DescribedSignature, SignatureSpec  # noqa: TC001 - pydantic reads it
from .detect import SourceKind  # noqa: TC001 - pydantic reads it

#: Names of a leaf's results in its directory: what Keras exported, and the .tflite file with a signature added.
EXPORTED, NAMED, FILE = "exported", "named", "model.tflite"


@dataclass(frozen=True)
class SavedModelDescription:
    """A SavedModel: the user's, or what Keras exported."""

    kind: SourceKind
    path: str
    """Path of the user's model, below the path that was given; empty: that path itself."""
    files: list[str]
    """Paths of the files that were read, below the SavedModel's directory."""
    tensorflow_version: str | None
    tags: list[str]
    graphs: int
    """Number of graphs in the model's file, each with other tags."""
    signatures: dict[str, DescribedSignature]
    version_1: bool
    has_tables: bool


@dataclass(frozen=True)
class TfliteDescription:
    """A .tflite file."""

    path: str
    signatures: dict[str, SignatureSpec]
    stateful: bool
    named: bool
    quantized: bool
    operators: dict[str, int]


Description = SavedModelDescription | TfliteDescription
