"""An opened model, in one of two forms: a SavedModel, or a .tflite file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from ..errors import OptimizerError
from .detect import SourceKind

if TYPE_CHECKING:
    from ..signatures import DescribedSignature, SignatureSpec


#: File with a hash of a SavedModel's definition. TensorFlow writes it, and servers only report it.
FINGERPRINT = "fingerprint.pb"


@dataclass(frozen=True)
class SavedModelFiles:
    """A SavedModel on disk."""

    directory: Path
    tags: list[str]
    size_bytes: int


@dataclass(frozen=True)
class SavedModelSource:
    """A SavedModel: the user's, exported by Keras, or trained here."""

    kind: SourceKind
    """The kind of the user's model."""
    digest: str
    size_bytes: int
    """Size of the files that were read."""
    tensorflow_version: str | None
    """The version that wrote the SavedModel; None: unknown."""
    tags: list[str]
    directory: Path
    signatures: dict[str, DescribedSignature]
    names: list[str]
    """Paths of the files that a server needs, below the directory, which may have others."""
    version_1: bool = False
    """True: TensorFlow 1 saved the model, without objects."""
    has_tables: bool = False
    """True if the model has vocabulary tables."""

    @property
    def files(self) -> SavedModelFiles:
        """The model's directory, tags and size."""
        return SavedModelFiles(self.directory, self.tags, self.size_bytes)

    @property
    def specs(self) -> dict[str, SignatureSpec]:
        """The signatures as the model declares them."""
        return {name: signature.spec for name, signature in self.signatures.items()}


@dataclass(frozen=True)
class TfliteSource:
    """A .tflite file."""

    digest: str
    size_bytes: int
    """Size of the user's file."""
    file: Path
    """The one to use, in which each computation has a signature."""
    signatures: dict[str, SignatureSpec]
    stateful: bool
    """True if the model has variables that change when it runs."""
    named: bool
    """A signature had to be added, since the file had none."""
    quantized: bool
    """A weight is no float of 32 bits."""
    operators: dict[str, int]
    """Number of each operator, by LiteRT's name."""
    kind: ClassVar = SourceKind.TFLITE
    tensorflow_version: ClassVar[str | None] = None

    @property
    def specs(self) -> dict[str, SignatureSpec]:
        """The signatures as the file declares them."""
        return self.signatures


OpenedSource: TypeAlias = SavedModelSource | TfliteSource


def saved_model_of(source: OpenedSource) -> SavedModelSource:
    """Return the source as a SavedModel.

    Raises:
        OptimizerError: it is a .tflite file, which earlier checks refuse with a better message.
    """
    if isinstance(source, TfliteSource):
        raise OptimizerError("there is no SavedModel: the source is a .tflite file")
    return source
