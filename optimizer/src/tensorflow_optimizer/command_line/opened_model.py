"""Opens a model of any kind by its path alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conversion import with_fixed_shapes
from ..documents.job import Identity, Packaging, Source
from ..runners import LiteRtRunner, SavedModelRunner
from ..runners.describe import describe_signatures
from ..signatures import read_signatures
from ..signatures.fixed import fix_shapes, is_batched
from ..signatures.select import default_signature
from ..sources import SavedModelSource, TfliteSource, open_source
from ..sources.tflite_file import read_tflite

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ..documents.manifest import Signature
    from ..runners import Runner
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource


@dataclass(frozen=True)
class OpenedModel:
    """A model that was found and described, and can be loaded."""

    source: OpenedSource
    specs: dict[str, SignatureSpec]
    content: bytes = b""
    """Of a .tflite file."""

    @property
    def default(self) -> str:
        """The signature that answers requests without a name."""
        return default_signature(self.specs, None)

    @property
    def batched(self) -> bool | None:
        """True if dimension 0 is the batch; None if the data decides. A .tflite file takes one row at a time."""
        spec = self.specs[self.default]
        if isinstance(self.source, SavedModelSource):
            return None
        tensors = (*spec.inputs.values(), *spec.outputs.values())
        return is_batched(spec, {}) or all(
            tensor.shape is not None and len(tensor.shape) > 1 and tensor.shape[0] == 1 for tensor in tensors
        )

    def shapes(self) -> Mapping[str, list[int]] | None:
        """Return the complete shapes of the default signature's inputs, if the file fixes all of them."""
        fixed = {
            name: [size for size in tensor.shape or () if size is not None]
            for name, tensor in self.specs[self.default].inputs.items()
        }
        whole = all(
            tensor.shape is not None and None not in tensor.shape for tensor in self.specs[self.default].inputs.values()
        )
        return fixed if whole else None

    def fixed(self) -> tuple[bytes, dict[str, Signature]]:
        """Return a .tflite file as it would be served, and its default signature.

        Raises:
            OptimizerError: It has dimensions that are unknown.
            RunError: LiteRT cannot load it.
        """
        name = self.default
        content = with_fixed_shapes(self.content, [fix_shapes(self.specs[name], None)])
        return content, describe_signatures(content, {name: bool(self.batched)}, unknown_batch=True)

    def load(self) -> Runner:
        """Load the default signature the way its server does."""
        name, source = self.default, self.source
        if isinstance(source, TfliteSource):
            return LiteRtRunner(*self.fixed())
        return SavedModelRunner(
            source.directory, source.tags, {name: self.specs[name]}, saved_by=source.tensorflow_version
        )


def open_model(path: Path, tags: list[str], work: Path) -> OpenedModel:
    """Find and describe the model at `path`.

    Args:
        path: A SavedModel directory, a .keras, .h5 or .tflite file, or a directory with one of them.
        tags: Tags of the SavedModel.
        work: A directory for intermediate files.

    Raises:
        OptimizerError: There is no complete model.
    """
    packaging = Packaging.ZIP if path.is_dir() else Packaging.FILE
    source = Source(packaging=packaging, file_name=path.name, identity=Identity(), tags=tags)
    opened = open_source(path, source, work)
    if isinstance(opened, TfliteSource):
        file = read_tflite(opened.file)
        return OpenedModel(opened, file.signatures, file.content)
    return OpenedModel(opened, read_signatures(opened.meta_graph))
