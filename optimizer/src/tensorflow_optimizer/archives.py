"""Recognizes a damaged or hostile ZIP: `zipfile` and the decompressors below it have no common type of error."""

from __future__ import annotations

import errno
import lzma
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .errors import OptimizerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Names that are not UTF-8, unknown methods, passwords, numbers out of range, and streams that end early.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    OSError,
)
#: bz2 raises OSError without a number; a wild offset is an invalid argument of seek. All others are the disk's.
_OF_CONTENT = (None, errno.EINVAL)


@contextmanager
def refuse_broken(refusal: Callable[[Exception], OptimizerError]) -> Iterator[None]:
    """Raise an error of our own in place of whatever a broken archive raises.

    Args:
        refusal: Returns the error to raise.
    """
    try:
        yield
    except OptimizerError:
        raise
    except _BROKEN as error:
        if isinstance(error, OSError) and error.errno not in _OF_CONTENT:
            raise
        raise refusal(error) from error
