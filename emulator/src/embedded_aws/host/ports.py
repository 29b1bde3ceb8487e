"""Ports of the loopback interface for programs that must be told theirs before they start."""

from __future__ import annotations

import random
import socket

# Below those that the kernel gives to whoever asks for any, outgoing connections included: between this choice and the
# program's start nobody gets the same one but by the same choice.
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
