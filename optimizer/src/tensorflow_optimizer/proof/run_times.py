"""Measures runs of several rows and threads in the native program, and chooses how many rows one run computes."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..documents.manifest import Batch, RowsTrial, RunTimes
from ..processes.plain_text import one_line
from .native_program import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .native_program import NativeProgram, Request

#: Numbers of rows that `server/src/measure/mod.rs` tries.
_ROWS = frozenset({2, 4, 8, 16, 32})
_REFUSAL_LIMIT = 500
#: Least share of a row's processor time that a larger run has to save, so that noise decides nothing.
_GAIN = 0.05
#: Code of the same meaning in `server/src/litert/error.rs`.
_CANNOT_LOAD = "LiteRT cannot load the model"


def measure_runs(native: NativeProgram, requests: Sequence[Request]) -> dict[str, RunTimes]:
    """Return the times of each signature, by its name.

    Args:
        native: The program with the model.
        requests: One for each signature; its rows are repeated where a run computes more of them.

    Raises:
        RefusedError: The program ended, failed or took too long.
    """
    return read_runs(native.measure(questions(requests)), [name for name, _ in requests])


def questions(requests: Sequence[Request]) -> str:
    """Return what the program reads to measure these requests."""
    return "\n".join(json.dumps({"signature_name": name, "inputs": inputs}) for name, inputs in requests)


def read_runs(printed: str, asked: Sequence[str]) -> dict[str, RunTimes]:
    """Return the times that the program printed of the signatures that it was asked for.

    Raises:
        RefusedError: They are no times, or of other signatures.
    """
    try:
        times = {measured["signature"]: _times(measured) for measured in json.loads(printed)}
    except (ValueError, TypeError, KeyError, ZeroDivisionError, RecursionError) as error:
        raise RefusedError(f"the measurement printed {printed[:100]!r}") from error
    if sorted(times) != sorted(asked):
        raise RefusedError(
            f"it measured the signatures {', '.join(map(repr, sorted(times)))[:100]}, and not those asked for"
        )
    return times


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
        return Batch(rows=1, reason=_sentence(refusals[0]))
    if not times.rows:
        return Batch(rows=1, reason="the signature has no batch")
    return Batch(rows=1, reason=f"several rows at once save less than {_GAIN:.0%} of the processor time")


def _sentence(refusal: str) -> str:
    """Say in words what LiteRT says where it cannot prepare a model for several rows."""
    if not refusal.startswith(_CANNOT_LOAD):
        return refusal
    return (
        "a layer inside the model has a fixed number of rows, as a Flatten, a reshape or a recurrent layer may have: "
        f"several cannot be computed at once ({refusal})"
    )


def _times(measured: dict[str, Any]) -> RunTimes:
    single, threads = measured["single"], measured["threads"]
    rows = [
        RowsTrial(rows=tried["number"], ratio=_ratio(tried, "processor"), refusal=_refusal(tried))
        for tried in measured["rows"]
    ]
    if not {trial.rows for trial in rows} <= _ROWS:
        raise ValueError("rows that were not to be tried")
    return RunTimes(
        row_microseconds=_positive(single["time"]["processor"]) / 1000,
        rows=rows,
        threads_ratio=_ratio(threads, "wall"),
    )


def _ratio(tried: dict[str, Any], kind: str) -> float | None:
    return _positive(tried["time"][kind]) / _positive(tried["single"][kind]) if "time" in tried else None


def _refusal(tried: dict[str, Any]) -> str | None:
    return one_line(str(tried["refusal"]), _REFUSAL_LIMIT) if "refusal" in tried else None


def _positive(number: Any) -> float:
    if not isinstance(number, int | float) or not math.isfinite(number) or number < 0:
        raise ValueError(f"{number!r} is no time")
    return float(number)
