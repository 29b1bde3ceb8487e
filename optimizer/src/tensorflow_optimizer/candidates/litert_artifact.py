"""Converts a SavedModel to .tflite files, each from the same copy with fixed shapes."""

from __future__ import annotations

import errno
import tempfile
import zlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..conversion import (
    LiteRtMode,
    convert,
    operations_in,
    quantize_file,
    save_with_fixed_shapes,
    without_blocks,
)
from ..documents.quantization import Operation
from ..errors import BadInputError, UnsupportedError, reason_of
from ..hints import Hint
from ..runners import LiteRtRunner, RunError
from ..runners.describe import describe_signatures
from ..signatures import equal_signatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..data import Dataset
    from ..documents.manifest import Signature
    from ..processes.progress import Progress
    from ..signatures import FixedSignature, Selection
    from ..sources import SavedModelSource
    from .plans import LiteRtPlan


@dataclass(frozen=True)
class LoadedLiteRt:
    """A .tflite file, described and loaded."""

    content: bytes
    signatures: dict[str, Signature]
    runner: LiteRtRunner
    reset_state: bool = False
    timed: bool = True
    floats: bytes | None = None
    """The file of floats that it was made from, if its layers compute other numbers than those of the baseline."""

    @property
    def size_bytes(self) -> int:
        """Size of the file."""
        return len(self.content)

    @cached_property
    def compressed_bytes(self) -> int:
        """Size of the archive."""
        return len(zlib.compress(self.content, 9))


@dataclass(frozen=True)
class LiteRtArtifact:
    """A .tflite file, not loaded yet."""

    content: bytes
    signatures: dict[str, FixedSignature]
    """Those that it has, the default one first."""
    reset_state: bool
    file_signatures: dict[str, str] = field(default_factory=dict)
    """Names in the file of those that have another one there: equal signatures are converted once."""
    unknown_batch: bool = False
    """The file may leave the batch open, as the user's own does."""
    floats: bytes | None = None
    """Of the loaded model."""

    def load(self) -> LoadedLiteRt:
        """Describe and load it.

        Raises:
            UnsupportedError: LiteRT cannot load what its converter made.
        """
        try:
            signatures = describe_signatures(
                self.content,
                {name: signature.batched for name, signature in self.signatures.items()},
                {name: signature.spec.method_name for name, signature in self.signatures.items()},
                self.file_signatures,
                unknown_batch=self.unknown_batch,
            )
            runner = LiteRtRunner(self.content, signatures, reset_state=self.reset_state)
            return LoadedLiteRt(self.content, signatures, runner, self.reset_state, floats=self.floats)
        except RunError as error:
            raise UnsupportedError(f"LiteRT cannot load what its converter made ({error})") from error


class LiteRtConverter:
    """Converts one SavedModel in several modes."""

    def __init__(
        self, source: SavedModelSource, selection: Selection, work: Path, progress: Progress, *, reset_state: bool
    ) -> None:
        self._source = source
        self._signatures = dict(selection.signatures)
        self._default = selection.default
        self._equal = equal_signatures(source.meta_graph, [signature.spec for signature in self._signatures.values()])
        self._work = work
        self._directory = work / "fixed"
        self._progress = progress
        self._reset_state = reset_state

    def convert(self, plan: LiteRtPlan, calibration: Dataset | None) -> LiteRtArtifact:
        """Convert.

        Args:
            plan: How to store the weights; they are trained already.
            calibration: Inputs of the default signature, where the ranges of activations are static.

        Raises:
            UnsupportedError: LiteRT cannot hold the model.
        """
        if calibration is not None and len(self._in_file) > 1:
            self._leave_out("there is no data to calibrate it with")
        try:
            content = self._convert(plan, calibration)
        except UnsupportedError as error:
            if len(self._in_file) == 1:
                raise
            self._leave_out(str(error), *error.hints)
            content = self._convert(plan, calibration)
        file_signatures = {name: entry for name, entry in self._equal.items() if name in self._signatures}
        return LiteRtArtifact(content, dict(self._signatures), self._reset_state, file_signatures)

    @property
    def _in_file(self) -> list[str]:
        """Names of the signatures that are converted, the default one first."""
        return [name for name in self._signatures if name not in self._equal]

    def _convert(self, plan: LiteRtPlan, calibration: Dataset | None) -> bytes:
        self._prepare()
        if plan.mode is LiteRtMode.MIXED:
            content = convert(self._directory, LiteRtMode.FLOAT32, self._in_file)
            return quantized(content, plan, self._default, calibration, self._progress)
        self._progress.say(f"converting to {plan.mode}")
        rows = calibration_rows(calibration) if calibration is not None else None
        return convert(self._directory, plan.mode, self._in_file, rows)

    def _prepare(self) -> None:
        if self._directory.exists():
            return
        self._work.mkdir(parents=True, exist_ok=True)
        # Several processes may arrive at once: each writes its own directory, and the first one wins.
        own = Path(tempfile.mkdtemp(prefix="fixing-", dir=self._work)) / "model"
        try:
            save_with_fixed_shapes(
                self._source.directory,
                self._source.tags,
                self._source.meta_graph,
                [self._signatures[name] for name in self._in_file],
                own,
            )
        except (ValueError, TypeError) as error:
            shapes = {name: signature.shapes for name, signature in self._signatures.items()}
            raise BadInputError(
                f"the model cannot be built with the input shapes {shapes} ({reason_of(error)}); give other shapes",
                Hint.INPUT_SHAPES,
            ) from error
        try:
            own.rename(self._directory)
        except OSError as error:
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise

    def _leave_out(self, reason: str, *hints: Hint) -> None:
        dropped = [name for name in self._signatures if self._equal.get(name, name) != self._default]
        for name in dropped:
            self._progress.warn(f"the signature {name!r} is left out: {reason}", *hints)
            del self._signatures[name]
        self._directory = self._work / f"fixed-{self._default}"


def quantized(
    content: bytes, plan: LiteRtPlan, signature: str, calibration: Dataset | None, progress: Progress
) -> bytes:
    """Return a .tflite file of floats with quantized weights.

    Raises:
        UnsupportedError: It cannot be quantized so.
    """
    progress.say(f"quantizing to {plan.mode}")
    operations, present = dict(plan.operations), operations_in(content)
    missing = [operation for operation in operations if operation not in {"*", *present}]
    if missing:
        progress.warn(
            f"the model has no {' and no '.join(missing)}, which the recipe names (it has {', '.join(sorted(present))})"
        )
    narrow = without_blocks(content, operations)
    if narrow:
        block = operations[Operation.FULLY_CONNECTED].block_size
        progress.warn(
            f"fully connected layers whose number of inputs is no multiple of {block} have int8 weights: "
            f"{', '.join(narrow[:4])}{', and others' if len(narrow) > 4 else ''}"
        )
    rows = list(calibration_rows(calibration)) if calibration is not None else None
    return quantize_file(content, plan.mode, operations, None if rows is None else (signature, rows))


def calibration_rows(dataset: Dataset) -> Iterator[dict[str, Any]]:
    """Yield the inputs of each sample, as a .tflite file takes them."""
    for row in range(dataset.count):
        yield {name: np.ascontiguousarray(value) for name, value in dataset.call(row, row + 1).items()}
