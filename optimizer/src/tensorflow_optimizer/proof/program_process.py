"""A program that a leaf has started, seen from outside: its processor time and its memory are never what it says."""

from __future__ import annotations

from pathlib import Path

from ..processes.processor_clock import processor_seconds
from ..sandbox.family import descendants

_PROCESSES = Path("/proc")


class ProgramProcess:
    """The only child of a process."""

    def __init__(self, parent: int) -> None:
        """Look for the child of the process with this identifier. Without exactly one, nothing is measured."""
        children = list(descendants(parent))
        self._identifier = children[0] if len(children) == 1 else None

    def processor_seconds(self) -> float | None:
        """Return what it has computed so far; None if the system does not say it."""
        return None if self._identifier is None else processor_seconds(self._identifier)

    def peak_mebibytes(self) -> float | None:
        """Return its largest resident memory so far; None if the system does not say it."""
        return None if self._identifier is None else peak_mebibytes(self._identifier)


def peak_mebibytes(process: int | str = "self") -> float | None:
    """Return a process's largest resident memory; None if the system does not say it."""
    # Not getrusage(): its peak survives exec, so it would include the parent process.
    try:
        lines = (_PROCESSES / str(process) / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM:")), None)
