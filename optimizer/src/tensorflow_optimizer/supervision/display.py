"""Shows progress bars on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

    from ..processes.progress_events import Event


def is_watched() -> bool:
    """Say whether standard error is a terminal; a build's log keeps plain lines."""
    # Not Console.is_terminal, which is also true with FORCE_COLOR, as set in continuous integration.
    return sys.stderr.isatty() and not Console(stderr=True).is_dumb_terminal


class Display:
    """One line for each process's activity, and one with a bar for everything counted."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(
                "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
            ),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        self._rows: dict[tuple[int, int], TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def log(self, line: str) -> None:
        """Print a line of the job's log above the bars."""
        self._progress.console.print(Text(line), soft_wrap=True)

    def show(self, event: Event) -> None:
        """Show a change."""
        place = (event.process, event.activity)
        if event.ended:
            for other in [row for row in self._rows if row == place or (event.activity == 0 and row[0] == place[0])]:
                self._progress.remove_task(self._rows.pop(other))
            return
        count = "" if event.total is None else f"{event.done}/{event.total}"
        if place not in self._rows:
            self._rows[place] = self._progress.add_task(event.text, total=event.total, count=count)
        self._progress.update(
            self._rows[place], description=event.text, completed=event.done, total=event.total, count=count
        )
