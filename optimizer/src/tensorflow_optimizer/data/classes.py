"""Says whether labels can be the classes of an output, by what its signature declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..hints import Hint
from ..signatures.spec import STRING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..signatures import TensorSpec
    from .problems import Problems

OTHERWISE = "say as its task what the output decides if it is something else"
_NUMBERING = "number the classes from 0 in the order of the output"


def shape_problem(output: str, shape: Sequence[int], expected: Sequence[int | None], task: str) -> str:
    """Return the sentence about labels of another shape than the output's decisions."""
    wanted = ", ".join("?" if size is None else str(size) for size in expected)
    return f"the labels of the output {output!r} have the shape {list(shape)}, expected [{wanted}]: {task}; {OTHERWISE}"


def fraction_problem(output: str, dtype: str, task: str) -> str:
    """Return the sentence about labels that number no class."""
    return (
        f"the labels of the output {output!r} are {dtype} with values that number no class ({task}); {_NUMBERING}, or "
        f"{OTHERWISE}"
    )


def range_problem(output: str, low: int, high: int, top: int, task: str) -> str:
    """Return the sentence about labels beyond the classes of the output, from 0 to `top`."""
    from_one = "; they seem to be numbered from 1: subtract 1" if low == 1 and high == top + 1 else ""
    return (
        f"the labels of the output {output!r} go from {low} to {high}, but it decides between 0 and {top} ({task})"
        f"{from_one}; {_NUMBERING}, or {OTHERWISE}"
    )


def class_count(spec: TensorSpec) -> int | None:
    """Return how many classes an output has scores for; None if its signature does not show it."""
    scores = spec.shape is not None and len(spec.shape) > 1 and spec.dtype not in (STRING, "bool")
    if not scores or "int" in spec.dtype or spec.shape is None:
        return None
    return spec.shape[-1] if spec.shape[-1] is not None and spec.shape[-1] > 1 else None


def numbers_classes(spec: TensorSpec, shape: Sequence[int]) -> bool | None:
    """Say whether labels of this shape number classes of the output: one where it has a score for each class.

    Args:
        spec: The output.
        shape: Shape of the labels, dimension 0 being the sample.

    Returns:
        False for a label for each score; None if the shape fits neither, or nothing is known.
    """
    if class_count(spec) is None or spec.shape is None:
        return None
    if _same(shape[1:], spec.shape[1:-1]):
        return True
    return False if _same(shape[1:], spec.shape[1:]) else None


def check_class_labels(
    output: str, spec: TensorSpec, labels: NDArray[Any], problems: Problems, *, rows: int | None = None
) -> None:
    """Add a problem for labels that cannot be the classes of an output.

    Args:
        output: The output's name.
        spec: The output.
        labels: Numbers; dimension 0 is the sample.
        problems: Receives what is wrong.
        rows: Number of rows of which these are some. Default: these are all.
    """
    classes = class_count(spec)
    if classes is None or spec.shape is None or not labels.size or labels.dtype.kind not in "biuf":
        return
    numbers = numbers_classes(spec, labels.shape)
    task = f"multiclass, {classes} classes by its signature"
    if numbers is None:
        count = len(labels) if rows is None else rows
        shape, expected = [count, *labels.shape[1:]], [count, *spec.shape[1:-1]]
        problems.add(shape_problem(output, shape, expected, task), Hint.TASKS, key=f"label shape {output}")
    elif numbers:
        low, high = labels.min(), labels.max()
        if labels.dtype.kind == "f" and not np.equal(np.mod(labels, 1), 0).all():
            problems.add(fraction_problem(output, str(labels.dtype), task), Hint.TASKS, key=f"fraction {output}")
        elif low < 0 or high >= classes:
            problems.add(
                range_problem(output, int(low), int(high), classes - 1, task), Hint.TASKS, key=f"label range {output}"
            )


def _same(shape: Sequence[int], declared: Sequence[int | None]) -> bool:
    """Compare the dimensions of one sample without 1s; an unknown one may be any."""
    ours, theirs = ([size for size in sizes if size != 1] for sizes in (shape, declared))
    return len(ours) == len(theirs) and all(own in (None, size) for own, size in zip(theirs, ours, strict=True))
