"""Checks that a file is a program for the serving machines: a Linux x86_64 executable, or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError

if TYPE_CHECKING:
    from pathlib import Path

_X86_64 = 62
# : Names as in `readelf -h`, for likely mistakes.
_MACHINES = {3: "x86", 40: "arm", 183: "arm64", 243: "riscv"}


def check_program(path: Path, what: str) -> None:
    """Reject files that cannot run on x86_64.

    Scripts are accepted, because the trial on this machine follows.

    Raises:
        BadInputError: It is neither.
    """
    with path.open("rb") as file:
        start = file.read(20)
    if start.startswith(b"#!"):
        return
    if len(start) < 20 or not start.startswith(b"\x7fELF"):
        raise BadInputError(f"{what} is not a program for Linux, but a file that begins with {start[:8]!r}")
    # Word size, byte order and machine: see elf(5).
    bits, order, machine = start[4], start[5], int.from_bytes(start[18:20], "little" if start[5] == 1 else "big")
    if (bits, order, machine) != (2, 1, _X86_64):
        found = _MACHINES.get(machine, f"the machine {machine}")
        raise BadInputError(f"{what} is a program for {found}, and x86_64 is needed: name an image for linux/amd64")
