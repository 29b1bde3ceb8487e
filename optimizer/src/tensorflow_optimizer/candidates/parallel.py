"""Builds candidates in parallel, each in leaves of its own, as many at a time as processors and memory allow.

A leaf that is killed for its memory loses only its candidate. And TensorFlow numbers the functions that it creates: in
its own process, a candidate's bytes do not depend on earlier candidates.
"""

from __future__ import annotations

import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ..errors import OptimizerError
from ..processes import environment
from ..processes.exhaustion import unexpected
from ..processes.progress import Progress
from ..sandbox import LeafEndedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .candidate import CandidateArtifact, CandidateBuilder, LoadedT, PlanT

log = logging.getLogger("tensorflow_optimizer")

#: TensorFlow itself.
_PROCESS_BYTES = 1 << 30
#: Signals of a crash in native code, after which a candidate is built again without oneDNN. A crash of oneDNN's kernels
#: while a pruned convolution was trained was seen, and not without them.
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
#: Weights, gradients, Adam's two moments, and copies by the converter or exporter.
_COPIES_OF_MODEL = 6
_WITHOUT_ONEDNN = {"TF_ENABLE_ONEDNN_OPTS": "0"}


def build_all(
    builder: CandidateBuilder[PlanT, LoadedT], plans: Sequence[PlanT], model_bytes: int, progress: Progress
) -> list[CandidateArtifact[LoadedT] | OptimizerError]:
    """Build candidates, and return an artifact or an error for each plan, in their order.

    Args:
        builder: Builds them.
        plans: The candidates to build.
        model_bytes: Size of the original, used to estimate memory.
        progress: Receives the warnings.
    """
    if not plans:
        return []
    need = _PROCESS_BYTES + _COPIES_OF_MODEL * model_bytes + 2 * builder.data_bytes
    workers = max(1, min(len(plans), environment.processors(), environment.available_memory() // need))
    progress.say(f"making {', '.join(plan.name for plan in plans)}: {workers} at a time")
    warned = [Progress() for _ in plans]
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda plan, own: _build(builder, plan, own), plans, warned))
    if workers > 1:
        # A process that was killed next to others may have enough memory alone.
        results = [
            _build(builder, plan, own) if isinstance(result, LeafEndedError) else result
            for plan, own, result in zip(plans, warned, results, strict=True)
        ]
    for own in warned:
        progress.warn_all(own.warned)
    return results


def build(builder: CandidateBuilder[PlanT, LoadedT], plan: PlanT, progress: Progress) -> CandidateArtifact[LoadedT]:
    """Build a candidate, once more without oneDNN if native code crashes.

    Raises:
        UnsupportedError: The model cannot be changed this way.
        LeafEndedError: The process that made it was killed or crashed.
    """
    try:
        return builder.build(plan, progress)
    except LeafEndedError as error:
        if error.signal not in _CRASHES:
            raise
        log.warning("%s: %s; it is made once more without oneDNN", plan.name, error)
        return builder.with_environment(_WITHOUT_ONEDNN).build(plan, progress)


def _build(
    builder: CandidateBuilder[PlanT, LoadedT], plan: PlanT, progress: Progress
) -> CandidateArtifact[LoadedT] | OptimizerError:
    try:
        return build(builder, plan, progress)
    except OptimizerError as error:
        return error
    except Exception as error:
        log.exception("the candidate failed")
        return unexpected(error)
