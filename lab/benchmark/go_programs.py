"""Programs of other people's Go modules, compiled into .tools in pinned versions."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.digits import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class GoProgram:
    """A command of a Go module."""

    package: str
    version: str

    @property
    def name(self) -> str:
        """The program's name."""
        return self.package.rpartition("/")[2]


GHZ = GoProgram("github.com/bojand/ghz/cmd/ghz", "v0.121.0")
"""Sends gRPC requests as fast as it can, or at a rate."""
GRPCURL = GoProgram("github.com/fullstorydev/grpcurl/cmd/grpcurl", "v1.9.3")
"""Sends one gRPC request, as curl does over HTTP."""


def go_program(wanted: GoProgram) -> Path:
    """Return a program, which is compiled first where it is not there.

    Raises:
        OSError: There is no Go.
        CalledProcessError: It cannot be compiled.
    """
    root = REPOSITORY / ".tools" / "go-programs" / f"{wanted.name}-{wanted.version}"
    program = root / wanted.name
    if not program.exists():
        print(f"compiling {wanted.name} {wanted.version} …", file=sys.stderr)
        command = ["go", "install", f"{wanted.package}@{wanted.version}"]
        subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "GOBIN": str(root)})  # noqa: S603 - our own command
    return program


if __name__ == "__main__":
    for needed in (GRPCURL, GHZ):
        go_program(needed)
