"""Scripts that leaves can start: by their own interpreter, which another user can read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.sandbox import Channel, Sandbox


def tell(channel: Channel, directory: Path) -> None:
    """Answer the path of the interpreter, and what it needs to find its library and modules."""
    for _ in channel:
        channel.answer([sys.executable, os.environ.get("LD_LIBRARY_PATH", ""), os.pathsep.join(filter(None, sys.path))])


def start_of(sandbox: Sandbox) -> str:
    """Return what a shell executes to start the interpreter in a leaf."""
    with sandbox.leaf(f"{__name__}:tell") as leaf:
        interpreter, libraries, modules = leaf.ask().document
    return f"export LD_LIBRARY_PATH='{libraries}' PYTHONPATH='{modules}'; exec '{interpreter}'"


def script(sandbox: Sandbox, text: str) -> str:
    """Return a program in Python that a leaf can start."""
    # The second line is a text to Python, and starts it to the shell.
    return f"#!/bin/sh\n''''{start_of(sandbox)} \"$0\" \"$@\" # '''\n{text}"
