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
from pathlib import Path

SET_FLAGS = 0x8914  # SIOCSIFFLAGS
UP = 0x1 | 0x40  # IFF_UP, IFF_RUNNING
ON_INSTANCE = Path(__file__).with_name("on-instance")


def listen(port: int) -> socket.socket:
    """The only way out: the address of AWS, accepted on the other side of the network's border."""
    listener = socket.socket()
    fcntl.ioctl(listener, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    return listener


def run(root: str, command: str) -> bytes:
    """Runs an administrator's command and gives its outcome as JSON."""
    result = subprocess.run(  # noqa: S603 - an administrator's command
        [str(ON_INSTANCE), root, "bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    # One message holds no more than a socket's buffer.
    return json.dumps({"code": result.returncode, "output": result.stdout.decode(errors="replace")[-60_000:]}).encode()


def reap(boot: subprocess.Popen[bytes]) -> None:
    """Orphaned processes on the instance become children of this process."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == boot.pid:
                print(f"user data ended with {os.waitstatus_to_exitcode(ended[1])}", flush=True)


def main() -> None:
    """Answers the embedded AWS until it is gone."""
    control = socket.socket(fileno=int(sys.argv[1]))
    port, command = int(sys.argv[2]), sys.argv[3:]
    root = command[1]
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with listen(port) as listener:
        socket.send_fds(control, [b"listener"], [listener.fileno()])
    boot = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own script
    reap(boot)
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            reap(boot)
        if control.fileno() not in ready:
            continue
        request = control.recv(65_536)
        if not request:
            return
        if request == b"socket":
            with socket.socket() as made:
                socket.send_fds(control, [b"socket"], [made.fileno()])
        else:
            control.send(run(root, request.decode()))


if __name__ == "__main__":
    main()
