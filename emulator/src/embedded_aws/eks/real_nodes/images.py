"""The images of the embedded AWS's pods, each made of files of this machine."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.real_nodes.node_files import PAUSE_IMAGE
from embedded_aws.eks.real_nodes.oci_image import Image, Layer, make_image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embedded_aws.eks.real_nodes.programs import NodePrograms

#: The programs that pods find in Amazon Linux 2023's minimal image, and use.
_PROGRAMS = ("bash", "cat", "chmod", "cp", "dd", "df", "echo", "env", "grep", "id", "ls", "mkdir", "rm", "sleep")
_MORE_PROGRAMS = ("head", "sed", "sha256sum", "tail", "touch", "true")
#: The libraries that a program of the image may be linked with.
_LIBRARIES = re.compile(r"lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+|nss_dns|nss_files)\.so\.\d+")
_USR = ("bin", "lib", "lib64", "sbin")
_LINKED = re.compile(r"(?:=> )?(/\S+) \(0x")
_NO_LIBRARY = re.compile(r"(^|/)(site-packages|test|tests|idlelib|tkinter|turtledemo|ensurepip|examples|config-[^/]*)$")


def make_images(directory: Path, programs: NodePrograms, aws_cli: Path) -> dict[str, Image]:
    """Make them all.

    Args:
        directory: gets their layers; made.
        programs: of the nodes.
        aws_cli: the directory of the AWS CLI for Python, which has the program `aws` and its packages.

    Returns:
        The images by their repository with its registry.
    """
    directory.mkdir(parents=True)
    base = _amazon_linux()
    aws = _amazon_linux()
    _add_aws_cli(aws, aws_cli)
    pause = _system(["sleep"])
    made = {
        "public.ecr.aws/amazonlinux/amazonlinux": make_image(base, directory / "amazonlinux.tar"),
        "public.ecr.aws/aws-cli/aws-cli": make_image(aws, directory / "aws-cli.tar"),
        PAUSE_IMAGE.rpartition(":")[0]: make_image(pause, directory / "pause.tar", ["/usr/bin/sleep", "infinity"]),
    }
    for name, program in (
        ("registry.k8s.io/coredns/coredns", programs.coredns / "coredns"),
        ("registry.k8s.io/metrics-server/metrics-server", programs.metrics_server / "metrics-server"),
    ):
        path = f"/usr/bin/{program.name}"
        layer = Layer({path: program, "/tmp/.keep": b""})  # noqa: S108 - in the image
        made[name] = make_image(layer, directory / f"{program.name}.tar", [path])
    return made


def _amazon_linux() -> Layer:
    layer = _system([*_PROGRAMS, *_MORE_PROGRAMS])
    listed = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True)
    for line in listed.stdout.splitlines():
        name, _, rest = line.strip().partition(" ")
        if _LIBRARIES.fullmatch(name) and re.search("x86-64|AArch64", rest):
            _add_library(layer, Path(rest.rpartition("=> ")[2]))
    layer.links["/usr/bin/sh"] = "bash"
    layer.files["/etc/passwd"] = b"root:x:0:0:root:/root:/bin/sh\n"
    layer.files["/etc/group"] = b"root:x:0:\n"
    layer.files["/etc/os-release"] = (
        b'NAME="Amazon Linux"\nVERSION_ID="2023"\nVARIANT="files of the embedded AWS\'s host"\n'
    )
    layer.files["/tmp/.keep"] = b""  # noqa: S108 - in the image
    return layer


def _system(commands: Iterable[str]) -> Layer:
    """Return programs of this machine with their libraries, where a merged /usr has them."""
    layer = Layer(links={f"/{name}": f"usr/{name}" for name in _USR})
    for command in commands:
        found = next((path for path in (Path("/usr/bin", command), Path("/bin", command)) if path.exists()), None)
        if found is None:
            raise OSError(f"an image needs the program {command} of this machine, which has none in /usr/bin")
        layer.files[f"/usr/bin/{command}"] = found
        _add_libraries(layer, found)
    return layer


def _add_libraries(layer: Layer, program: Path) -> None:
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    for line in done.stdout.splitlines():
        if found := _LINKED.search(line):
            _add_library(layer, Path(found[1]))


def _add_library(layer: Layer, path: Path) -> None:
    inside = str(path)
    if path.parts[1] in _USR:
        inside = f"/usr{path}"
    layer.files[inside] = path


def _add_aws_cli(layer: Layer, aws_cli: Path) -> None:
    python, library = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    # A read-only root keeps no compiled modules, and compiling them takes seconds each time.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(aws_cli)], check=False, capture_output=True)  # noqa: S603
    layer.exclude = _NO_LIBRARY
    layer.files |= {str(python): python, str(library): library, "/opt/awscli": aws_cli}
    layer.files["/usr/bin/aws"] = f'#!/bin/sh\nexec {python} /opt/awscli/aws "$@"\n'.encode()
    for program in (python, *library.glob("lib-dynload/*.so")):
        _add_libraries(layer, program)
