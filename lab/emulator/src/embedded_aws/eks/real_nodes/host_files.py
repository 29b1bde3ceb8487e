"""Layers of images that are made of this machine's own programs, libraries and Python."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.real_nodes.oci_image import Layer

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The programs that pods find in Amazon Linux 2023's minimal image, and use.
_PROGRAMS = ("bash", "cat", "chmod", "cp", "dd", "df", "echo", "env", "grep", "id", "ls", "mkdir", "rm", "sleep")
_MORE_PROGRAMS = ("head", "sed", "sha256sum", "tail", "touch", "true")
#: The libraries that a program of the image may be linked with.
_LIBRARIES = re.compile(r"lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+|nss_dns|nss_files)\.so\.\d+")
_USR = ("bin", "lib", "lib64", "sbin")
_LINKED = re.compile(r"(?:=> )?(/\S+) \(0x")


def system(commands: Iterable[str]) -> Layer:
    """Return programs of this machine with their libraries, where a merged /usr has them.

    Raises:
        OSError: this machine lacks one.
    """
    layer = Layer(links={f"/{name}": f"usr/{name}" for name in _USR})
    for command in commands:
        found = next((path for path in (Path("/usr/bin", command), Path("/bin", command)) if path.exists()), None)
        if found is None:
            raise OSError(f"an image needs the program {command} of this machine, which has none in /usr/bin")
        layer.files[f"/usr/bin/{command}"] = found
        add_libraries(layer, found)
    return layer


def linux() -> Layer:
    """Return what Amazon Linux 2023's minimal image has, as far as pods here use it: a shell, coreutils, libraries.

    Raises:
        OSError: this machine lacks a program.
    """
    layer = system([*_PROGRAMS, *_MORE_PROGRAMS])
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        name, _, rest = line.strip().partition(" ")
        if _LIBRARIES.fullmatch(name) and re.search("x86-64|AArch64", rest):
            _add_library(layer, Path(rest.rpartition("=> ")[2]))
    layer.links["/usr/bin/sh"] = "bash"
    layer.files["/etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\n"
    layer.files["/etc/group"] = b"root:x:0:\n"
    layer.files["/tmp/.keep"] = b""  # noqa: S108 - in the image
    return layer


def add_libraries(layer: Layer, program: Path) -> None:
    """Add what a program is linked with."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)  # noqa: S603, S607 - a tool of this machine
    for line in done.stdout.splitlines():
        if found := _LINKED.search(line):
            _add_library(layer, Path(found[1]))


def add_python(layer: Layer, python: Path, library: Path) -> None:
    """Add a Python of this machine, at the same path.

    Args:
        layer: that gets it; what it excludes applies to the standard library too.
        python: its program, which is no link.
        library: the directory of its standard library.
    """
    layer.files |= {str(python): python, str(library): library}
    for program in (python, *library.glob("lib-dynload/*.so")):
        add_libraries(layer, program)


def _add_library(layer: Layer, path: Path) -> None:
    inside = str(path)
    if path.parts[1] in _USR:
        inside = f"/usr{path}"
    layer.files[inside] = path
