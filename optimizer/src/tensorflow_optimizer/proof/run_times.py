"""Measures runs of several rows and threads in the native program, and chooses how many rows one run computes."""

from __future__ import annotations

import json
import math
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from ..documents.manifest import Batch, RowsTrial, RunTimes
from .native_program import RefusedError, last_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .native_program import Request

_TIMEOUT_SECONDS = 600
#: Of the processor time of a row, so that noise decides nothing.
_GAIN = 0.05


def measure_runs(program: Path, model: Path, library: Path, requests: Sequence[Request]) -> dict[str, RunTimes]:
    """Return the times of each signature, by its name.

    Args:
        program: The native program.
        model: Directory with model.json and the model.
        library: libLiteRt.so.
        requests: One for each signature; its rows are repeated where a run computes more of them.

    Raises:
        RefusedError: The program ended, failed or took too long.
    """
    lines = [json.dumps({"signature_name": name, "inputs": inputs}) for name, inputs in requests]
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [str(program), "measure"],
            input="\n".join(lines),
            env={"MODEL_DIR": str(model), "LITERT_LIBRARY": str(library)},
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RefusedError(f"the measurement took more than {_TIMEOUT_SECONDS} seconds") from None
    except OSError as error:
        raise RefusedError(f"this machine cannot execute it: {error.strerror}") from None
    if done.returncode < 0:
        raise RefusedError(f"the measurement was ended by {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise RefusedError(last_line(done.stderr) or f"the measurement returned {done.returncode}")
    try:
        return {measured["signature"]: _times(measured) for measured in json.loads(done.stdout)}
    except (ValueError, TypeError, KeyError, ZeroDivisionError) as error:
        raise RefusedError(f"the measurement printed {done.stdout[:100]!r}") from error


def choose_batch(times: RunTimes) -> Batch:
    """Return the number of rows whose run takes least processor time for each, if that is worth it."""
    best, rows = 1.0, 1
    for trial in times.rows:
        # A larger run needs more memory, and is noticed later when nobody waits for it any more.
        if trial.ratio is not None and trial.ratio <= best * (1 - _GAIN):
            best, rows = trial.ratio, trial.rows
    if rows > 1:
        return Batch(rows=rows, least=min(rows, math.floor(rows * best) + 1))
    refusals = [trial.refusal for trial in times.rows if trial.refusal]
    if refusals and all(trial.ratio is None for trial in times.rows):
        return Batch(rows=1, reason=refusals[0])
    if not times.rows:
        return Batch(rows=1, reason="the signature has no batch")
    return Batch(rows=1, reason=f"several rows at once save less than {_GAIN:.0%} of the processor time")


def _times(measured: dict[str, Any]) -> RunTimes:
    single, threads = measured["single"], measured["threads"]
    return RunTimes(
        row_microseconds=single["time"]["processor"] / 1000,
        rows=[
            RowsTrial(rows=tried["number"], ratio=_ratio(tried, "processor"), refusal=tried.get("refusal"))
            for tried in measured["rows"]
        ],
        threads_ratio=_ratio(threads, "wall"),
    )


def _ratio(tried: dict[str, Any], kind: str) -> float | None:
    return tried["time"][kind] / tried["single"][kind] if "time" in tried else None
