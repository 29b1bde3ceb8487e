"""Shared by the benchmarks: the native program, packages, commands, rounds, progress, conditions, and output files."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmark.digits import REPOSITORY, RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOOLS = REPOSITORY / ".tools"


def native_program(name: str) -> Path:
    """Return a program that the set-up compiled for this machine.

    Args:
        name: `bootstrap` or `model_server`.

    Raises:
        RuntimeError: There is none.
    """
    processor = "arm64" if platform.machine() == "aarch64" else platform.machine()
    program = REPOSITORY / "server" / "dist" / processor / name
    if not program.is_file():
        raise RuntimeError(f"there is no native program for {processor}: `npm run setup` says why")
    return program


def asked(description: str | None, option: str, least: int, default: int) -> int:
    """Read a benchmark's only option, a count.

    Args:
        description: Description of the benchmark.
        option: The option's name without its dashes.
        least: Minimum count.
        default: The count without the option.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(f"--{option}", type=int, default=default, help=f"at least {least}, {default} by default")
    count: int = getattr(parser.parse_args(), option)
    if count < least:
        parser.error(f"--{option} must be at least {least}, got {count}")
    return count


def packages(name: str, lock: Path) -> Path:
    """Return a directory with the packages of a lock file, for the Python of the set-up. Installs what is not there.

    Args:
        name: Name of the directory.
        lock: The lock file.

    Raises:
        CalledProcessError: A package cannot be installed.
    """
    target = TOOLS / f"benchmark-{name}"
    installed = target / "installed.txt"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        print(f"installing {lock.relative_to(REPOSITORY)} …", file=sys.stderr)
        shutil.rmtree(target, ignore_errors=True)
        run_quietly(
            *(str(TOOLS / "uv" / "bin" / "uv"), "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
            *("--compile-bytecode", "--python", sys.executable, "--target", str(target), "-r", str(lock)),
        )
        shutil.copy(lock, installed)
    return target


def run_quietly(*command: str, environment: dict[str, str] | None = None) -> None:
    """Run a command of our own in the repository, with further variables.

    Raises:
        CalledProcessError: It failed; `reason_of` says why.
    """
    variables = {**os.environ, **(environment or {})}
    try:
        subprocess.run(command, env=variables, cwd=REPOSITORY, check=True, capture_output=True, text=True)  # noqa: S603 - our own commands
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise


def reason_of(error: subprocess.CalledProcessError | OSError) -> str:
    """Return the last line that a command printed, where it says why it failed."""
    if isinstance(error, OSError):
        return str(error)
    lines = [line.strip() for line in str(error.stderr).splitlines() if line.strip()]
    return lines[-1].rstrip(".")[:300] if lines else f"exit code {error.returncode}"


def rounds_of(count: int, uncounted: int = 1) -> Iterator[int]:
    """Yield the numbers of the rounds; those below zero fill caches and do not count.

    Shows progress in a terminal only, because the line replaces itself.
    """
    shown = sys.stderr.isatty()
    for number in range(-uncounted, count):
        if shown:
            print(f"\rround {max(number + 1, 0)} of {count}", end="", file=sys.stderr, flush=True)
        yield number
    if shown:
        print(file=sys.stderr)


def processor_seconds(process: int) -> float:
    """Return the processor time of another process, of all its threads together."""
    clock = ctypes.c_int()
    problem = ctypes.CDLL(None).clock_getcpuclockid(process, ctypes.byref(clock))
    if problem:
        raise OSError(problem, "no clock of the process")
    return time.clock_gettime(clock.value)


def conditions(load_before: float) -> dict[str, Any]:
    """Return the machine and its load average over one minute."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "loadBefore": round(load_before, 2),
        "loadAfter": round(os.getloadavg()[0], 2),
    }


def write_results(name: str, result: dict[str, Any], page: str) -> None:
    """Write NAME.json and NAME.md into lab/benchmark/results/, and print the page."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
    print(page)
