"""Opens the original of a .tflite file, and selects the file's signatures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..candidates.litert_artifact import LiteRtArtifact
from ..candidates.suited_plans import OriginalLayers
from ..conversion import operations_in, with_fixed_shapes
from ..documents.job import StatefulBehavior
from ..documents.quantization import Operation
from ..errors import UnsupportedError
from ..hints import Hint
from ..reference.subject import EvaluatedSignature, Subject
from ..runners import LiteRtRunner, SavedModelRunner
from ..signatures import Selection, read_signatures, refuse_python, select_for_litert, state_writers
from ..signatures.operators import operators_of
from ..signatures.select import OTHER_PATHS
from ..sources import TfliteSource
from ..sources.tflite_file import read_tflite

if TYPE_CHECKING:
    from ..documents.job import Job
    from ..processes.progress import Progress
    from ..sources import OpenedSource, SavedModelSource

#: TensorFlow's operators whose kind of layer decides a recipe.
_OPERATIONS = {
    "DepthwiseConv2dNative": Operation.DEPTHWISE_CONV_2D,
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


def open_original(job: Job, source: OpenedSource, progress: Progress) -> LiteRtOriginal:
    """Load the original.

    Raises:
        UnsupportedError: LiteRT does not support it, or its state.
    """
    if isinstance(source, TfliteSource):
        return _open_tflite(job, source, progress)
    selection, reset_state = _select(job, source, progress)
    runner = SavedModelRunner(
        source.directory,
        source.tags,
        {name: signature.spec for name, signature in selection.signatures.items()},
        reset_state=reset_state,
        saved_by=source.tensorflow_version,
    )
    subject = Subject(
        runner, selection.default, _signatures(selection), source.size_bytes, reset_state, one_row_at_a_time=True
    )
    return LiteRtOriginal(subject, selection, _layers(source, selection))


def _open_tflite(job: Job, source: TfliteSource, progress: Progress) -> LiteRtOriginal:
    file = read_tflite(source.file)
    if file.named:
        progress.warn("the .tflite file has no signature; one that names inputs and outputs by their tensors was added")
    reset = job.source.stateful is StatefulBehavior.RESET_PER_REQUEST
    if file.stateful and not reset:
        raise _state_refusal("the .tflite file", "ASSIGN_VARIABLE")
    selection = select_for_litert(file.signatures, job.source)
    progress.warn_all(selection.warnings)
    fixed = with_fixed_shapes(file.content, selection.signatures.values())
    artifact = LiteRtArtifact(fixed, dict(selection.signatures), file.stateful, unknown_batch=True)
    runner = LiteRtRunner(file.content, artifact.load().signatures, reset_state=file.stateful)
    subject = Subject(runner, selection.default, _signatures(selection), source.size_bytes, file.stateful)
    layers = OriginalLayers(frozenset(operations_in(fixed)), tflite=True, quantized=file.quantized)
    return LiteRtOriginal(subject, selection, layers, artifact)


def _layers(source: SavedModelSource, selection: Selection) -> OriginalLayers:
    signatures = selection.signatures.values()
    found = {name for signature in signatures for name in operators_of(source.meta_graph, signature.spec)}
    return OriginalLayers(frozenset(operation for name, operation in _OPERATIONS.items() if name in found))


def _signatures(selection: Selection) -> dict[str, EvaluatedSignature]:
    return {
        name: EvaluatedSignature(signature.spec, signature.batched, signature.shapes)
        for name, signature in selection.signatures.items()
    }


def _select(job: Job, source: SavedModelSource, progress: Progress) -> tuple[Selection, bool]:
    """Return the signatures to publish, and whether their state must be reset before every request."""
    selection = select_for_litert(read_signatures(source.meta_graph), job.source)
    progress.warn_all(selection.warnings)
    for signature in selection.signatures.values():
        refuse_python(source.meta_graph, signature.spec)
    writers = {
        name: state_writers(source.meta_graph, signature.spec) for name, signature in selection.signatures.items()
    }
    stateful = [name for name, operators in writers.items() if operators]
    if not stateful or job.source.stateful is StatefulBehavior.RESET_PER_REQUEST:
        return selection, bool(stateful)
    if selection.default in stateful:
        raise _state_refusal(f"the signature {selection.default!r}", ", ".join(writers[selection.default]))
    for name in stateful:
        progress.warn(f"the signature {name!r} is left out: it changes the model's state ({', '.join(writers[name])})")
    kept = {name: signature for name, signature in selection.signatures.items() if name not in stateful}
    return Selection(selection.default, kept, selection.warnings), False


def _state_refusal(what: str, operators: str) -> UnsupportedError:
    return UnsupportedError(
        f"{what} changes the model's state when it is called ({operators}), so that on Lambda an answer would depend "
        "on what the same instance was asked before; reset the state for each "
        f"request, which then starts from the saved state, or {OTHER_PATHS}",
        Hint.STATE_RESET,
        Hint.TENSORFLOW_SERVING,
    )
