"""Ports of the loopback interface for programs that must be told theirs before they start."""

from __future__ import annotations

import random
import socket

# Below the kernel's ephemeral ports, including those of outgoing connections, so that only another choice like this
# can take the port before the program starts.
_OURS = range(20_000, 32_768)


def free_port() -> int:
    """Returns a port that nothing listens on."""
    while True:
        port = random.choice(_OURS)  # noqa: S311 - no secret
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
