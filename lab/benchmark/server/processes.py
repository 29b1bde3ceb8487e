"""Processor time and memory of a server's processes, from /proc."""

from __future__ import annotations

from pathlib import Path

import psutil


def processor_seconds(pid: int) -> float:
    """Return the time that a process and its descendants have computed, in user and system mode."""
    times = [process.cpu_times() for process in _tree(pid)]
    return sum(each.user + each.system for each in times)


def peak_mebibytes(pid: int) -> float:
    """Return the most resident memory of each process, added up; what processes share counts for each of them."""
    return sum(_status(process.pid, "VmHWM") for process in _tree(pid)) / 1024


def resident_mebibytes(pid: int) -> float:
    """Return the resident memory of each process now, added up."""
    return sum(_status(process.pid, "VmRSS") for process in _tree(pid)) / 1024


def proportional_mebibytes(pid: int) -> float:
    """Return the resident memory now; of a page that several processes share, each counts its part."""
    pages: float = sum(process.memory_full_info().pss for process in _tree(pid))
    return pages / 2**20


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _status(pid: int, field: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/status has no {field}")
