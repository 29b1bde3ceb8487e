"""Recognizes exhausted memory and disk, which libraries often report as other errors."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from ..errors import OptimizerError, reason_of
from ..hints import Hint

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISK = ("No space left on device", "Disk quota exceeded")
_MEMORY = (
    "OOM when allocating",
    "std::bad_alloc",
    "Cannot allocate memory",
    "failed to map segment from shared object",
)


class ExhaustedError(OptimizerError):
    """The machine is too small for the job."""


def exhausted(error: BaseException) -> ExhaustedError | None:
    """Return the error to raise if memory or disk is exhausted; None for other errors."""
    causes = list(_causes(error))
    # TensorFlow uses one error type for both, but the message of a full disk says so.
    if any(_is_disk(cause) for cause in causes):
        return ExhaustedError("the job ran out of disk space; choose a larger machine", Hint.MACHINE_SIZE)
    if any(_is_memory(cause) for cause in causes):
        return ExhaustedError("the job ran out of memory; choose a larger machine", Hint.MACHINE_SIZE)
    return None


def raise_exhausted(error: BaseException) -> None:
    """Raise the real cause of an error before it is mistaken for a problem with the model.

    Raises:
        ExhaustedError: Memory or disk is exhausted.
    """
    known = exhausted(error)
    if known is not None:
        raise known from error


def unexpected(error: BaseException) -> OptimizerError:
    """Return the error that replaces an unexpected one, whose details are only in the log."""
    known = exhausted(error)
    if known is not None:
        return known
    first = reason_of(error, 200) if str(error).strip() else "no message"
    return OptimizerError(
        f"the optimizer failed unexpectedly ({type(error).__name__}: {first}); the log has the details"
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_disk(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in {errno.ENOSPC, errno.EDQUOT} or any(text in str(error) for text in _DISK)


def _is_memory(error: BaseException) -> bool:
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or type(error).__name__ == "ResourceExhaustedError"
        or any(text in str(error) for text in _MEMORY)
    )
