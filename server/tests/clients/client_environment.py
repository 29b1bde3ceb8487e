"""The environment of other people's clients. As a program, this makes it and prints the path of its Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOOLS = HERE.parents[2] / ".tools"
LOCK = HERE / "requirements.txt"


def clients_python() -> Path:
    """Return a Python that has the clients, whose protobuf is another one than that of the set-up."""
    directory = TOOLS / "inference-clients"
    python, installed = directory / "bin" / "python", directory / "installed.txt"
    if not installed.exists() or installed.read_bytes() != LOCK.read_bytes():
        uv("venv", "--clear", "--python", sys.executable, str(directory))
        uv("pip", "sync", "--require-hashes", "--python", str(python), str(LOCK))
        installed.write_bytes(LOCK.read_bytes())
    return python


def uv(*arguments: str) -> None:
    """Run the set-up's uv."""
    subprocess.run([TOOLS / "uv" / "bin" / "uv", "--quiet", *arguments], check=True)


if __name__ == "__main__":
    print(clients_python())
