"""The first process of an instance: it owns the network, starts the boot, and takes everything with it when it ends.

`unshare … python -I -S init.py <control> <port> <boot command...>`: the other end of the control socket is held by the
embedded AWS. When it closes, however that process ended, this one ends, and the kernel ends the rest of the instance.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SET_FLAGS = 0x8914  # SIOCSIFFLAGS
UP = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
ON_INSTANCE = Path(__file__).with_name("on-instance")


class Next(Enum):
    """The state that an instance enters when its boot has ended."""

    STAY = "stays"
    BOOT = "boots again"
    END = "ends"


def listen(port: int) -> socket.socket:
    """The only way out: the address of AWS, accepted on the other side of the network's border."""
    listener = socket.socket()
    fcntl.ioctl(listener, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    return listener


def run(command: list[str]) -> bytes:
    """Runs an administrator's command and gives its outcome as JSON."""
    result = subprocess.run(  # noqa: S603 - an administrator's command
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    # One message holds no more than a socket's buffer.
    return json.dumps({"code": result.returncode, "output": result.stdout.decode(errors="replace")[-60_000:]}).encode()


def reap(boot: subprocess.Popen[bytes]) -> int | None:
    """Ends orphaned processes, which become children of this process, and returns how the boot ended, if it did now."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == boot.pid:
                code = os.waitstatus_to_exitcode(ended[1])
    return code


def serve(
    control: socket.socket, command: list[str], on_instance: Callable[[str], list[str]], ended: Callable[[int], Next]
) -> None:
    """Starts the boot, and answers the embedded AWS until it is gone.

    Args:
        control: leads to the embedded AWS.
        command: of the boot.
        on_instance: what runs an administrator's shell command on the instance.
        ended: takes the exit code of the boot, and returns what comes next.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    boot = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own script
    while True:
        if (code := reap(boot)) is not None:
            following = ended(code)
            if following is Next.END:
                return
            if following is Next.BOOT:
                boot = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own script
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
        if control.fileno() not in ready:
            continue
        request = control.recv(65_536)
        if not request:
            return
        if request == b"socket":
            with socket.socket() as made:
                socket.send_fds(control, [b"socket"], [made.fileno()])
        else:
            control.send(run(on_instance(request.decode())))


def main() -> None:
    """Boots the instance."""
    control = socket.socket(fileno=int(sys.argv[1]))
    port, command = int(sys.argv[2]), sys.argv[3:]
    root = command[1]

    def ended(code: int) -> Next:
        print(f"user data ended with {code}", flush=True)
        return Next.STAY

    with listen(port) as listener:
        socket.send_fds(control, [b"listener"], [listener.fileno()])
    serve(control, command, lambda shell: [str(ON_INSTANCE), root, "bash", "-c", shell], ended)


if __name__ == "__main__":
    main()
