"""Opens a model of any kind by its path alone, in a sandbox."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.job import Identity, Packaging, Source
from ..sandbox import PRELOADED
from ..signatures.fixed import fix_shapes, is_batched
from ..signatures.select import default_signature
from ..sources import SavedModelSource, TfliteSource, open_source
from ..sources.detect import may_need_keras

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..runners import RemoteLiteRt, RemoteRunner
    from ..sandbox import Sandbox
    from ..signatures import SignatureSpec
    from ..sources import OpenedSource

_WITHOUT_TENSORFLOW = ("tensorflow_optimizer.sources.leaf", "ai_edge_litert.interpreter")


@contextmanager
def work_directory() -> Iterator[Path]:
    """Yield a directory for intermediate files. Other users can enter it: as root, a leaf of another one reads them."""
    with tempfile.TemporaryDirectory(prefix="optimizer-") as directory:
        path = Path(directory)
        path.chmod(0o711)
        yield path


@dataclass(frozen=True)
class OpenedModel:
    """A model that was found and described, and can be loaded."""

    sandbox: Sandbox
    source: OpenedSource
    work: Path
    """A directory for intermediate files."""
    signature: str | None = None
    """The signature to load; None: the one that answers requests without a name."""

    @property
    def specs(self) -> dict[str, SignatureSpec]:
        """Signatures as the model declares them, by name."""
        return self.source.specs

    @property
    def default(self) -> str:
        """The signature to load: that of requests without a name, unless another one was asked for."""
        return default_signature(self.specs, self.signature)

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

    def load(self) -> RemoteRunner:
        """Load the default signature the way its server does.

        Raises:
            OptimizerError: It cannot be loaded, or is a .tflite file that has dimensions that are unknown.
            RunError: LiteRT cannot load it.
        """
        from ..runners import RemoteSavedModel

        source = self.source
        if isinstance(source, TfliteSource):
            return self.load_fixed(source)
        return RemoteSavedModel(
            self.sandbox, source.directory, source.tags, [self.default], saved_by=source.tensorflow_version
        )

    def load_fixed(self, source: TfliteSource) -> RemoteLiteRt:
        """Load a .tflite file as it would be served, with its default signature.

        Raises:
            OptimizerError: It has dimensions that are unknown.
            RunError: LiteRT cannot load it.
        """
        # Only few commands load models.
        from ..pipeline.litert_original import fixed_file
        from ..runners import RemoteLiteRt, Undescribed

        name = self.default
        file = fixed_file(self.sandbox, source.file, [fix_shapes(self.specs[name], None)], self.work)
        return RemoteLiteRt(self.sandbox, file, Undescribed({name: bool(self.batched)}, unknown_batch=True))


def described_by(path: Path) -> Sequence[str]:
    """Return the modules that a process imports to describe the model at `path`: only Keras files need TensorFlow."""
    return PRELOADED if may_need_keras(path) else _WITHOUT_TENSORFLOW


def open_model(  # noqa: PLR0913, PLR0917 - what a model can be opened by
    sandbox: Sandbox,
    path: Path,
    tags: list[str],
    work: Path,
    allowed_operations: Sequence[str] = (),
    signature: str | None = None,
    *,
    checksums: bool = True,
) -> OpenedModel:
    """Find and describe the model at `path`.

    Args:
        sandbox: Where it is opened.
        path: A SavedModel directory, a .keras, .h5 or .tflite file, or a directory with one of them.
        tags: Tags of the SavedModel.
        work: A directory for intermediate files.
        allowed_operations: Operations that it may have although they act on more than the model.
        signature: The signature to load; None: the one that answers requests without a name.
        checksums: Whether to compare the variables with their checksums, which takes TensorFlow.

    Raises:
        OptimizerError: There is no complete model, or it has other such operations.
    """
    packaging = Packaging.ZIP if path.is_dir() else Packaging.FILE
    source = Source(
        packaging=packaging,
        file_name=path.name,
        identity=Identity(),
        tags=tags,
        allowed_operations=list(allowed_operations),
    )
    return OpenedModel(sandbox, open_source(sandbox, path, source, work, checksums=checksums), work, signature)
