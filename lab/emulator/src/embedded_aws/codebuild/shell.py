"""One shell for all commands of a build, as CodeBuild has it: directory and variables carry over."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SUPERVISE = Path(__file__).parents[1] / "host" / "supervise.py"

# Takes over what an earlier shell left, and leaves the same for a later one.
_PREAMBLE = """\
if [ -f {state} ]; then . {state}; cd "$PWD"; fi
__save_state() {{ export PWD; export -p > {state}; }}
trap __save_state EXIT
"""


class ShellStoppedError(RuntimeError):
    """The build was stopped or ran out of time."""


class Shell:
    """A running shell.

    A command that ends the shell (`exit 3`) ends only itself: the next one gets a new shell with the directory and
    the exported variables of the old one, as on CodeBuild.
    """

    def __init__(self, kind: str, directory: Path, environment: dict[str, str], scratch: Path) -> None:
        self._kind = kind
        self._directory = directory
        self._environment = environment
        self._state = scratch / "shell-state"
        self._token = secrets.token_hex(16)
        self._process: subprocess.Popen[str] | None = None
        self._alive: int | None = None
        self._stopped = False

    def run(self, command: str, emit: Callable[[str], None]) -> int:
        """Runs one command.

        Args:
            command: one or more lines.
            emit: gets each line that it prints.

        Returns:
            Its exit code.

        Raises:
            ShellStoppedError: `stop` was called.
        """
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise ShellStoppedError
        line = f"eval {shlex.quote(command)} </dev/null; echo {self._token} $?\n"
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(line)
            process.stdin.flush()
        for output in process.stdout:
            text, found, code = output.rstrip("\n").partition(self._token)
            if text or not found:
                emit(text)
            if found:
                return int(code)
        self._close()
        if self._stopped:
            raise ShellStoppedError
        return process.wait()

    def stop(self) -> None:
        """Kills the shell and what runs in it."""
        self._stopped = True
        self._close_alive()

    def end(self) -> None:
        """Ends the shell after the last command."""
        self._close_alive()
        self._close()

    def _running(self) -> subprocess.Popen[str]:
        if self._stopped:
            raise ShellStoppedError
        if self._process is None:
            self._process = self._start()
        return self._process

    def _start(self) -> subprocess.Popen[str]:
        watched, self._alive = os.pipe()
        process = subprocess.Popen(  # noqa: S603 - the build's shell
            [sys.executable, "-I", "-S", str(_SUPERVISE), str(watched), self._kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._directory,
            env=self._environment,
            pass_fds=[watched],
            encoding="utf-8",
            errors="replace",
        )
        os.close(watched)
        if process.stdin:
            process.stdin.write(_PREAMBLE.format(state=shlex.quote(str(self._state))))
            process.stdin.flush()
        return process

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()
        self._close_alive()

    def _close_alive(self) -> None:
        alive, self._alive = self._alive, None
        if alive is not None:
            os.close(alive)
