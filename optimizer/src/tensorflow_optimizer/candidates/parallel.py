"""Builds candidates in parallel, each in its own process, as many at a time as processors and memory allow.

A process that is killed for its memory loses only its candidate. And TensorFlow numbers the functions that it creates:
in its own process, a candidate's bytes do not depend on earlier candidates.
"""

from __future__ import annotations

import logging
import pickle
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import OptimizerError
from ..processes import environment, progress_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..hints import Message
    from ..processes.progress import Progress
    from .candidate import CandidateArtifact, CandidateBuilder, LoadedT, PlanT

log = logging.getLogger("tensorflow_optimizer")

#: Arguments of the interpreter.
WORKER = ["-m", "tensorflow_optimizer.candidates.worker"]
#: TensorFlow itself.
_PROCESS_BYTES = 1 << 30
#: Of native code. A crash of oneDNN's kernels while a pruned convolution was trained was seen, and not without them.
_CRASHES = (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL, -signal.SIGFPE)
#: Weights, gradients, Adam's two moments, and copies by the converter or exporter.
_COPIES_OF_MODEL = 6


def build_all(
    builder: CandidateBuilder[PlanT, LoadedT], plans: Sequence[PlanT], model_bytes: int, work: Path, progress: Progress
) -> list[CandidateArtifact[LoadedT] | OptimizerError]:
    """Build candidates, and return an artifact or an error for each plan, in their order.

    Args:
        builder: Builds them.
        plans: The candidates to build.
        model_bytes: Size of the original, used to estimate memory.
        work: Directory for files.
        progress: Receives the warnings.
    """
    if not plans:
        return []
    with tempfile.TemporaryDirectory(prefix="building-", dir=work) as directory:
        shared = Path(directory) / "builder"
        shared.write_bytes(pickle.dumps(builder))
        need = _PROCESS_BYTES + _COPIES_OF_MODEL * model_bytes + 2 * shared.stat().st_size
        workers = max(1, min(len(plans), environment.processors(), environment.available_memory() // need))
        progress.say(f"making {', '.join(plan.name for plan in plans)}: {workers} at a time")
        tasks = [(shared, plan, Path(directory) / str(number)) for number, plan in enumerate(plans)]
        with ThreadPoolExecutor(workers) as pool:
            results = list(pool.map(lambda task: _build(*task), tasks))
        if workers > 1:
            # A process that was killed next to others may have enough memory alone.
            results = [
                _build(*task) if isinstance(result[0], KilledError) else result
                for task, result in zip(tasks, results, strict=True)
            ]
    for _, warned in results:
        progress.warn_all(warned)
    return [made for made, _ in results]


class KilledError(OptimizerError):
    """The process that built a candidate was killed or crashed."""


def _build(builder: Path, plan: Any, result: Path) -> tuple[Any | OptimizerError, list[Message]]:
    task = result.with_suffix(".plan")
    task.write_bytes(pickle.dumps(plan))
    code = _run(builder, task, result, onednn=None)
    if not result.is_file() and code in _CRASHES:
        log.warning("%s: %s; it is made once more without oneDNN", plan.name, _ended(code))
        code = _run(builder, task, result, onednn=False)
    if result.is_file():
        found: tuple[Any | OptimizerError, list[Message]] = pickle.loads(result.read_bytes())  # noqa: S301 - ours as well
        return found
    return KilledError(_ended(code)), []


def _run(builder: Path, task: Path, result: Path, *, onednn: bool | None) -> int:
    command = [sys.executable, *WORKER, str(builder), str(task), str(result)]
    reports, descriptors = progress_events.handed_on()
    child = {**environment.for_child(onednn=onednn), **reports, "PYTHONFAULTHANDLER": "1"}
    with subprocess.Popen(command, env=child, pass_fds=descriptors) as process:  # noqa: S603 - our own module
        code = process.wait()
    progress_events.ended(process.pid)
    return code


def _ended(code: int) -> str:
    if code == -signal.SIGKILL:
        return "the process that made it was killed, most likely because it ran out of memory"
    name = signal.Signals(-code).name if code < 0 else f"code {code}"
    return f"the process that made it crashed in native code ({name}); the log has the details"
