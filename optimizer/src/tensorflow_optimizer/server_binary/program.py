"""Checks that a file is a program for the serving machines: Amazon Linux 2023 on x86_64. Scripts are accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import BadInputError
from ..hints import Hint
from .elf import needed_versions

if TYPE_CHECKING:
    from pathlib import Path

_X86_64 = 62
#: Names as in `readelf -h`, for likely mistakes.
_MACHINES = {3: "x86", 40: "arm", 183: "arm64", 243: "riscv"}

#: The newest symbol versions of Amazon Linux 2023, whose C++ library is GCC 14's since March 2025. A build's machine
#: has newer ones, so that its trial of the program does not tell.
#: See https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html
_NEWEST = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14, 0, 0)}


def check_program(path: Path, what: str) -> None:
    """Reject files that cannot run on Amazon Linux 2023 on x86_64.

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
        processor = _MACHINES.get(machine, f"the machine {machine}")
        raise BadInputError(f"{what} is a program for {processor}, and x86_64 is needed: name an image for linux/amd64")
    _check_libraries(path, what)


def _check_libraries(path: Path, what: str) -> None:
    try:
        needed = needed_versions(path)
    except ValueError as error:
        raise BadInputError(f"{what} is a damaged program ({error})") from error
    newer = [f"{version} of {library}" for library, version in needed if _is_newer(version)]
    if newer:
        raise BadInputError(
            f"{what} needs {', '.join(newer)}, and instances with Amazon Linux 2023 have up to GLIBC_2.34 and "
            "GLIBCXX_3.4.33: name an image that was built for an older system, such as tensorflow/serving:2.20.0",
            Hint.SERVER_IMAGE,
        )


def _is_newer(version: str) -> bool:
    """Say whether Amazon Linux 2023 lacks a version. What is no number, such as GLIBC_PRIVATE, is not judged."""
    name, _, numbers = version.partition("_")
    newest = _NEWEST.get(name)
    parts = numbers.split(".")
    return newest is not None and all(part.isdigit() for part in parts) and tuple(map(int, parts)) > newest
