"""Reads rows in batches, names inputs and quiets converters, for the leaves of all frameworks."""

from __future__ import annotations

import io
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadInputError, OptimizerError, UnsupportedError, reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

#: Rows of one call.
_ROWS = 32


def by_name(arrays: Arrays, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays in the order of the inputs. The only one may have any name.

    Raises:
        BadInputError: The names are others.
    """
    if len(names) == 1 and len(arrays) == 1:
        return {names[0]: next(iter(arrays.values()))}
    if set(names) != set(arrays):
        raise BadInputError(
            f"the data has the arrays {', '.join(map(repr, sorted(arrays)))}, but the inputs of the model are "
            f"{', '.join(map(repr, names))}; one array for each input, under its name"
        )
    return {name: arrays[name] for name in names}


def answers_of(
    run: Callable[[Arrays], Arrays], inputs: Arrays, rows_of_a_call: int | None = None
) -> dict[str, NDArray[Any]]:
    """Return the outputs of all rows.

    Args:
        run: Answers some rows.
        inputs: All rows.
        rows_of_a_call: The number that the model takes; None: any.

    Raises:
        BadInputError: An output is not one answer for each row.
    """
    step, count = rows_of_a_call or _ROWS, len(next(iter(inputs.values())))
    collected: dict[str, list[NDArray[Any]]] = {}
    for start in range(0, count, step):
        part = {name: value[start : start + step] for name, value in inputs.items()}
        for name, value in run(part).items():
            if value.ndim == 0 or len(value) != min(step, count - start):
                raise BadInputError(
                    f"the output {name!r} has the shape {list(value.shape)} for {min(step, count - start)} rows; "
                    "dimension 0 of each output must be the row"
                )
            collected.setdefault(name, []).append(value)
    return {name: np.concatenate(parts) for name, parts in collected.items()}


@contextmanager
def quiet(what: str) -> Iterator[None]:
    """Keep what a converter prints, and end with its reason if it fails.

    Raises:
        UnsupportedError: It cannot convert the model.
    """
    printed = io.StringIO()
    try:
        with redirect_stdout(printed), redirect_stderr(printed):
            yield
    except OptimizerError:
        raise
    except (Exception, SystemExit) as error:
        lines = [line.strip() for line in printed.getvalue().splitlines() if "ERROR" in line]
        reason = reason_of(ValueError(lines[-1])) if isinstance(error, SystemExit) and lines else reason_of(error)
        raise UnsupportedError(
            f"{what} cannot convert the model ({reason}); replace what it names, or export the model another way"
        ) from error
