"""Environments of other people's clients and testers. As a program, this makes the clients' and prints its Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[2] / ".tools"
LOCK = HERE / "requirements.txt"


def clients_python() -> Path:
    """Return a Python that has the clients, whose protobuf is another one than that of the set-up."""
    return locked_python("inference-clients", LOCK)


def locked_python(name: str, lock: Path) -> Path:
    """Return a Python that has what a lock file names, in a directory of its own."""
    directory = TOOLS / name
    python, installed = directory / "bin" / "python", directory / "installed.txt"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        uv("venv", "--clear", "--python", sys.executable, str(directory))
        uv("pip", "sync", "--require-hashes", "--python", str(python), str(lock))
        installed.write_bytes(lock.read_bytes())
    return python


def uv(*arguments: str) -> None:
    """Run the set-up's uv."""
    subprocess.run([TOOLS / "uv" / "bin" / "uv", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    print(clients_python())
