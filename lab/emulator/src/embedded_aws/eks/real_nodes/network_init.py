"""Makes the bridge of a network in the namespace that it is started in, and keeps it.

`network_init.py <ready file> <address,...> <subnet=gateway...>`: the file gets the id of this process.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Makes it, and waits to be killed."""
    ready, addresses, routes = Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3:]
    commands = ["link set lo up", "link add br0 type bridge", "link set br0 up"]
    commands += [f"addr add {address} dev br0" for address in addresses]
    commands += ["route add {} via {}".format(*route.split("=")) for route in routes]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands), text=True, check=True)  # noqa: S607 - of the PATH
    partial = ready.with_suffix(".partial")
    partial.write_text(str(os.getpid()))
    partial.rename(ready)
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
