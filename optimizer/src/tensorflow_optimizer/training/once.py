"""Makes a directory once, also for threads that ask for it at the same time."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Once:
    """Directories that are made once."""

    _locks: dict[Path, Lock] = field(default_factory=dict)

    @contextmanager
    def making(self, directory: Path) -> Iterator[Path | None]:
        """Give a path to make, which becomes `directory` in the end; None if it has been made.

        Threads that ask for the same directory meanwhile wait.
        """
        with self._locks.setdefault(directory, Lock()):
            if directory.exists():
                yield None
                return
            directory.parent.mkdir(parents=True, exist_ok=True)
            unfinished = directory.with_name(f"{directory.name}.part")
            shutil.rmtree(unfinished, ignore_errors=True)
            yield unfinished
            unfinished.rename(directory)
