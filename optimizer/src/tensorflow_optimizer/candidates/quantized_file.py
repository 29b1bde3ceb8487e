"""Quantizes a .tflite file of floats, and says what that leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..conversion import operations_in, quantize_file, without_blocks
from ..documents.quantization import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..data import Dataset
    from ..processes.progress import Progress
    from .plans import LiteRtPlan


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
