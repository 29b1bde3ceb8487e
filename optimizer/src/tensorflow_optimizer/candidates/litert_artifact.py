"""A .tflite file that was made, and the same one loaded by a leaf that did not make it."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import UnsupportedError
from ..runners import RemoteLiteRt, RunError, Undescribed
from ..text import SplitModel, TextRunner

if TYPE_CHECKING:
    from pathlib import Path

    from ..documents.manifest import Signature
    from ..sandbox import Sandbox
    from ..signatures import FixedSignature


@dataclass(frozen=True)
class LoadedLiteRt:
    """A .tflite file, described and loaded."""

    sandbox: Sandbox
    file: Path
    runner: RemoteLiteRt | TextRunner
    reset_state: bool = False
    timed: bool = True
    floats: Path | None = None
    """The file of floats that it was made from, if its layers compute other numbers than those of the baseline."""
    text: SplitModel | None = None
    """The text part, which makes the numbers that the file takes."""

    @property
    def signatures(self) -> dict[str, Signature]:
        """Descriptions of the signatures as clients call them, by name."""
        if isinstance(self.runner, TextRunner):
            described = self.runner.numeric.signatures
            return described if self.text is None else self.text.described(described)
        return self.runner.signatures

    @property
    def content(self) -> bytes:
        """The file."""
        return self.file.read_bytes()

    @property
    def size_bytes(self) -> int:
        """Size of the file, with that of its text part."""
        return self.file.stat().st_size + (self.text.size_bytes if self.text else 0)

    @cached_property
    def compressed_bytes(self) -> int:
        """Size of the archive."""
        return len(zlib.compress(self.content, 9))


@dataclass(frozen=True)
class LiteRtArtifact:
    """A .tflite file, not loaded yet."""

    sandbox: Sandbox
    file: Path
    signatures: dict[str, FixedSignature]
    """Signatures of the file, the default one first."""
    reset_state: bool
    file_signatures: dict[str, str] = field(default_factory=dict)
    """Names in the file of those that have another one there: equal signatures are converted once."""
    unknown_batch: bool = False
    """The file may leave the batch open, as the user's own does."""
    floats: Path | None = None
    """The file of floats that it was made from, if its layers compute other numbers than those of the baseline."""
    text: SplitModel | None = None
    """The text part, which makes the numbers that the file takes."""

    def load(self) -> LoadedLiteRt:
        """Describe and load it, in a leaf that sees this file alone.

        Raises:
            UnsupportedError: LiteRT cannot load what its converter made, or it is another model than was asked for.
        """
        asked = Undescribed(
            {name: signature.batched for name, signature in self.signatures.items()},
            {name: signature.spec.method_name for name, signature in self.signatures.items()},
            self.file_signatures,
            unknown_batch=self.unknown_batch,
        )
        try:
            runner = RemoteLiteRt(self.sandbox, self.file, asked, reset_state=self.reset_state)
        except RunError as error:
            raise UnsupportedError(f"LiteRT cannot load what its converter made ({error})") from error
        for name, signature in self.signatures.items():
            problem = _difference(signature, runner.signatures[name])
            if problem is not None:
                runner.close()
                raise UnsupportedError(f"LiteRT's converter made another signature {name!r}: {problem}")
        served: RemoteLiteRt | TextRunner = runner
        if self.text is not None:
            served = TextRunner(self.text.encoder, runner, frozenset(self.text.description.signatures))
        return LoadedLiteRt(self.sandbox, self.file, served, self.reset_state, floats=self.floats, text=self.text)


def _difference(wanted: FixedSignature, found: Signature) -> str | None:
    """Say how a described signature differs from the one that was asked for; None: it does not."""
    spec = wanted.spec
    if found.batched != wanted.batched or not found.inputs.keys() <= spec.inputs.keys():
        return f"its inputs are {', '.join(map(repr, found.inputs))} instead of {', '.join(map(repr, spec.inputs))}"
    if found.outputs.keys() != spec.outputs.keys():
        return f"its outputs are {', '.join(map(repr, found.outputs))} instead of {', '.join(map(repr, spec.outputs))}"
    for name, tensor in found.inputs.items():
        shape = tensor.tensor.shape if tensor.tensor else tensor.shape
        if shape != wanted.shapes[name]:
            return f"its input {name!r} has the shape {shape} instead of {wanted.shapes[name]}"
    for name, tensor, declared in (
        *((name, tensor, spec.inputs[name]) for name, tensor in found.inputs.items()),
        *((name, tensor, spec.outputs[name]) for name, tensor in found.outputs.items()),
    ):
        if tensor.dtype != declared.dtype:
            return f"{name!r} is {tensor.dtype} instead of {declared.dtype}"
    return None
