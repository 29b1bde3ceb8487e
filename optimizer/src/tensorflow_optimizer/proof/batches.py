"""Proves that the native program answers several rows at once as it answers each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..documents.manifest import Batch
from .answers import is_same, relative_difference
from .native_program import RefusedError, as_array, request_of
from .run_times import choose_batch, measure_runs

if TYPE_CHECKING:
    from ..data import Dataset
    from ..documents.manifest import ModelDescription, RunTimes, Signature
    from .native_program import Function, NativeProgram, Request


def with_batches(
    native: NativeProgram, description: ModelDescription, datasets: dict[str, Dataset]
) -> tuple[dict[str, Signature], dict[str, RunTimes]]:
    """Return the signatures with the rows that one run computes, and the times that this was chosen by.

    The times are the program's own, the only ones there are of several rows. Who lies about them gets slower or faster
    answers, and no other ones: those to rows at once are compared here with those to each alone.

    Args:
        native: The program with the model, whose description is written again.
        description: The description, without such rows.
        datasets: Inputs by signature.
    """
    signatures = description.signatures
    # Signatures that are one in the file are run alike.
    first = {signature.file_signature or name: name for name, signature in reversed(signatures.items())}
    # The program repeats the row: the text of many large ones would take longer than the runs.
    requests = {name: _request(name, datasets[name], range(1)) for name in first.values()}
    try:
        runs = measure_runs(native, list(requests.values()))
    except RefusedError as error:
        return _described(signatures, first, dict.fromkeys(requests, Batch(rows=1, reason=str(error)))), {}
    batches = {name: choose_batch(times) for name, times in runs.items()}
    described = _described(signatures, first, batches)
    native.describe(description.model_copy(update={"signatures": described}))
    with native.running() as function:
        for name in [name for name, batch in batches.items() if batch.rows > 1]:
            try:
                difference = _difference(function, described, name, datasets[name])
            except RefusedError as error:
                batches[name] = Batch(rows=1, reason=str(error))
            else:
                runs[name] = runs[name].model_copy(update={"difference": difference})
    return _described(signatures, first, batches), runs


def _described(
    signatures: dict[str, Signature], first: dict[str, str], batches: dict[str, Batch]
) -> dict[str, Signature]:
    return {
        name: signature.model_copy(update={"batch": batches[first[signature.file_signature or name]]})
        for name, signature in signatures.items()
    }


def _request(name: str, dataset: Dataset, rows: range) -> Request:
    """Return a request for rows of the data, which are repeated where there are fewer."""
    inputs = dataset.take(np.asarray(rows) % dataset.count).call(0, len(rows))
    return request_of(name, inputs)


def _difference(function: Function, signatures: dict[str, Signature], name: str, dataset: Dataset) -> float:
    """Return the largest difference between rows that are computed at once and alone, divided by the largest value.

    Raises:
        RefusedError: They differ by more than rounding, or the program cannot do it.
    """
    batch = signatures[name].batch
    rows = batch.rows if batch else 1
    together = function.answer(_request(name, dataset, range(rows)), signatures)
    alone = [function.answer(_request(name, dataset, range(row, row + 1)), signatures) for row in range(rows)]
    if function.warnings():
        raise RefusedError(function.warnings()[-1])
    largest = 0.0
    for output, tensor in signatures[name].outputs.items():
        expected = np.concatenate([as_array(answer[output], tensor.dtype) for answer in alone])
        computed = as_array(together[output], tensor.dtype)
        if not is_same(computed, expected):
            raise RefusedError(f"its output {output!r} differs where {rows} rows are computed at once")
        largest = max(largest, relative_difference(computed, expected))
    return largest
