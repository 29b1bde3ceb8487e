"""`metadata_listener.py CONTROL` gives the embedded AWS a socket, at which an instance asks for its metadata."""

from __future__ import annotations

import socket
import sys

if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as control, socket.socket() as listener:
        listener.bind(("169.254.169.254", 80))
        listener.listen(64)
        socket.send_fds(control, [b"listener"], [listener.fileno()])
