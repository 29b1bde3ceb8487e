"""Runs a command for as long as the embedded AWS lives.

`python -I -S supervise.py <fd> <command...>`: the other end of the descriptor is held by the embedded AWS. When it
closes, however that process ended, the command and all its children are killed: nothing is ever left behind. A byte
that it writes sends the command SIGTERM. They are also killed when this process itself is told to end, as by Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Runs the command and exits as it does."""
    alive, command = int(sys.argv[1]), sys.argv[2:]
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        received.append(number)
        if process is not None:
            kill(process)

    process: subprocess.Popen[bytes] | None = None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - what the embedded AWS runs
    if received:  # while it started
        kill(process)

    def end() -> None:
        while os.read(alive, 1):  # empty when the other end closes
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        kill(process)

    threading.Thread(target=end, daemon=True).start()
    code = process.wait()
    # End what the commands left in the background.
    kill(process)
    sys.exit(code if code >= 0 else 128 - code)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
