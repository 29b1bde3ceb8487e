"""A network of its own for a leaf."""

from __future__ import annotations

import os
import socket
import struct

_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1


def leave() -> None:
    """Leave the machine's network, and keep a loopback interface, by which a server is tried."""
    os.unshare(os.CLONE_NEWNET)
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
