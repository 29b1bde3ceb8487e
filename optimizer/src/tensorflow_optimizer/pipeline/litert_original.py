"""Opens the original of a .tflite file, and selects the file's signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..candidates.litert_artifact import LiteRtArtifact
from ..candidates.suited_plans import OriginalLayers
from ..conversion.leaf import FILE, FIXED
from ..documents.job import StatefulBehavior
from ..documents.plain import to_plain
from ..documents.quantization import Operation
from ..errors import UnsupportedError
from ..hints import Hint
from ..reference.subject import EvaluatedSignature, Subject
from ..runners import RemoteLiteRt, RemoteSavedModel
from ..sandbox import Wanted
from ..signatures import (
    GROUPED_CONVOLUTION,
    FixedSignature,
    Selection,
    operators_in,
    refuse_python,
    select_for_litert,
)
from ..signatures.select import FROM_SAVED_MODEL, OTHER_PATHS
from ..sources import TfliteSource
from ..text import SplitModel, needs_split, split_model

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ..documents.job import Job
    from ..processes.progress import Progress
    from ..sandbox import Sandbox
    from ..sources import OpenedSource, SavedModelSource

_FIX = "tensorflow_optimizer.conversion.leaf:fix_file"
#: Name in TensorFlow and LiteRT.
_SUPPRESSION = ("NonMaxSuppressionV", "NON_MAX_SUPPRESSION_V")
#: TensorFlow's operators whose kind of layer decides a recipe.
_OPERATIONS = {
    "DepthwiseConv2dNative": Operation.DEPTHWISE_CONV_2D,
    GROUPED_CONVOLUTION: Operation.DEPTHWISE_CONV_2D,
    "MatMul": Operation.FULLY_CONNECTED,
    "BatchMatMulV2": Operation.FULLY_CONNECTED,
}


@dataclass(frozen=True)
class LiteRtOriginal:
    """The original, with the signatures to publish."""

    subject: Subject
    selection: Selection
    layers: OriginalLayers
    as_it_is: LiteRtArtifact | None = None
    """A .tflite file, with fixed shapes."""
    text: SplitModel | None = None
    """The parts of a model that takes text or categories."""


def open_original(job: Job, source: OpenedSource, sandbox: Sandbox, work: Path, progress: Progress) -> LiteRtOriginal:
    """Load the original.

    Raises:
        UnsupportedError: LiteRT does not support it, or its state.
    """
    if isinstance(source, TfliteSource):
        _warn_of_suppression(source.operators, progress)
        return _open_tflite(job, source, sandbox, work, progress)
    selection, reset_state = _select(job, source, progress)
    text: SplitModel | None = None
    if needs_split(source, selection):
        text, selection = split_model(sandbox, source, selection, job.source.allowed_operations, work, progress)
    _warn_of_suppression(operators_in(source.signatures[name] for name in selection.signatures), progress)
    runner = RemoteSavedModel(
        sandbox,
        source.directory,
        source.tags,
        list(selection.signatures),
        reset_state=reset_state,
        saved_by=source.tensorflow_version,
    )
    subject = Subject(
        runner, selection.default, _signatures(selection), source.size_bytes, reset_state, one_row_at_a_time=True
    )
    return LiteRtOriginal(subject, selection, _layers(source, selection), text=text)


def _open_tflite(job: Job, source: TfliteSource, sandbox: Sandbox, work: Path, progress: Progress) -> LiteRtOriginal:
    if source.named:
        progress.warn("the .tflite file has no signature; one that names inputs and outputs by their tensors was added")
    reset = job.source.stateful is StatefulBehavior.RESET_PER_REQUEST
    if source.stateful and not reset:
        raise _state_refusal("the .tflite file", "ASSIGN_VARIABLE", FROM_SAVED_MODEL)
    selection = select_for_litert(source.specs, job.source)
    progress.warn_all(selection.warnings)
    fixed = fixed_file(sandbox, source.file, list(selection.signatures.values()), work)
    artifact = LiteRtArtifact(sandbox, fixed, dict(selection.signatures), source.stateful, unknown_batch=True)
    loaded = artifact.load()
    runner = loaded.runner
    if fixed != source.file:
        loaded.runner.close()
        runner = RemoteLiteRt(sandbox, source.file, loaded.signatures, reset_state=source.stateful)
    subject = Subject(runner, selection.default, _signatures(selection), source.size_bytes, source.stateful)
    depthwise = {Operation.DEPTHWISE_CONV_2D} if GROUPED_CONVOLUTION in source.operators else set()
    layers = OriginalLayers(frozenset({*source.operators, *depthwise}), tflite=True, quantized=source.quantized)
    return LiteRtOriginal(subject, selection, layers, artifact)


def fixed_file(sandbox: Sandbox, file: Path, signatures: list[FixedSignature], work: Path) -> Path:
    """Return a .tflite file with the fixed shapes of signatures; the file itself if no shape is open.

    Raises:
        BadInputError: The model cannot take the shapes.
    """
    request = {"path": str(file), "signatures": to_plain(list[FixedSignature], signatures)}
    with sandbox.leaf(_FIX, read=[file]) as leaf:
        leaf.ask(request)
        leaf.end()
        leaf.take(Wanted.file(FIXED, FILE), work / FIXED)
    fixed = work / FIXED / FILE
    return file if fixed.read_bytes() == file.read_bytes() else fixed


def _warn_of_suppression(operators: Iterable[str], progress: Progress) -> None:
    """Warn of an operator that LiteRT computes otherwise than TensorFlow for some values."""
    if any(name.startswith(_SUPPRESSION) for name in operators):
        progress.warn(
            "the model uses NonMaxSuppression: LiteRT returns a box without an area (two equal corners) several times, "
            "where TensorFlow returns it once; enlarge such boxes in the model, as with tf.maximum(y2, y1 + 1e-6)"
        )


def _layers(source: SavedModelSource, selection: Selection) -> OriginalLayers:
    operators = operators_in(source.signatures[name] for name in selection.signatures)
    return OriginalLayers(frozenset(operation for name, operation in _OPERATIONS.items() if name in operators))


def _signatures(selection: Selection) -> dict[str, EvaluatedSignature]:
    return {
        name: EvaluatedSignature(signature.spec, signature.batched, signature.shapes)
        for name, signature in selection.signatures.items()
    }


def _select(job: Job, source: SavedModelSource, progress: Progress) -> tuple[Selection, bool]:
    """Return the signatures to publish, and whether their state must be reset before every request."""
    selection = select_for_litert(source.specs, job.source, with_text=True)
    progress.warn_all(selection.warnings)
    for name in selection.signatures:
        refuse_python(source.signatures[name])
    writers = {name: source.signatures[name].writers for name in selection.signatures}
    stateful = [name for name, operators in writers.items() if operators]
    if not stateful or job.source.stateful is StatefulBehavior.RESET_PER_REQUEST:
        return selection, bool(stateful)
    if selection.default in stateful:
        operators = ", ".join(writers[selection.default])
        raise _state_refusal(f"the signature {selection.default!r}", operators, OTHER_PATHS, Hint.TENSORFLOW_SERVING)
    for name in stateful:
        progress.warn(f"the signature {name!r} is left out: it changes the model's state ({', '.join(writers[name])})")
    kept = {name: signature for name, signature in selection.signatures.items() if name not in stateful}
    return Selection(selection.default, kept, selection.warnings), False


def _state_refusal(what: str, operators: str, other: str, *hints: Hint) -> UnsupportedError:
    return UnsupportedError(
        f"{what} changes the model's state when it is called ({operators}), so that on Lambda an answer would depend "
        "on what the same instance was asked before; reset the state for each "
        f"request, which then starts from the saved state, or {other}",
        Hint.STATE_RESET,
        *hints,
    )
