"""The images of the embedded AWS's pods, made of files of this machine."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.eks.real_nodes import stand_in_image
from embedded_aws.eks.real_nodes.host_files import add_python, linux, system
from embedded_aws.eks.real_nodes.node_files import PAUSE_IMAGE
from embedded_aws.eks.real_nodes.oci_image import Image, Layer, make_image

if TYPE_CHECKING:
    from embedded_aws.eks.real_nodes.programs import NodePrograms

_NO_LIBRARY = re.compile(r"(^|/)(site-packages|test|tests|idlelib|tkinter|turtledemo|ensurepip|examples|config-[^/]*)$")


class Images(Mapping[str, Image]):
    """Images by their repository with its registry, such as `docker.io/tensorflow/serving`."""

    def __init__(self, makers: Mapping[str, Callable[[], Image]], patience: float = 20) -> None:
        """Makes none yet.

        Args:
            makers: make them; may raise OSError, and are asked again then.
            patience: for how many seconds who asks for one waits while it is made: containerd's patience is 30.
        """
        self._makers, self._patience = makers, patience
        self._made: dict[str, Future[Image]] = {}
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(thread_name_prefix="images")

    def __getitem__(self, name: str) -> Image:
        """Return one, and make it if it is the first time. All nodes may ask at the same time.

        Raises:
            KeyError: there is no such image.
            TimeoutError: it is still being made.
            OSError: it cannot be made.
        """
        return self.get_within(name, self._patience)

    def get_within(self, name: str, seconds: float | None) -> Image:
        """Return one as `[]` does, and wait for so many seconds; None waits until it is made."""
        maker = self._makers[name]
        with self._lock:
            if name not in self._made:
                self._made[name] = self._threads.submit(maker)
            making = self._made[name]
        try:
            return making.result(seconds)
        except OSError:
            with self._lock:
                if making.done() and making.exception() and self._made.get(name) is making:
                    del self._made[name]
            raise

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def images_of(directory: Path, programs: NodePrograms, aws_cli: Path) -> Images:
    """Return all that there are. The stand-in's, which takes long and a service may not need, is made when asked for.

    Args:
        directory: gets their layers; made.
        programs: of the nodes.
        aws_cli: the directory of the AWS CLI for Python, which has the program `aws` and its packages.
    """
    directory.mkdir(parents=True)

    def maker(name: str, layer: Callable[[], Layer], entrypoint: list[str] | None = None) -> Callable[[], Image]:
        return lambda: make_image(layer(), directory / f"{name}.tar", entrypoint)

    def server(program: Path) -> Callable[[], Image]:
        path = f"/usr/bin/{program.name}"
        layer = Layer({path: program, "/tmp/.keep": b""})  # noqa: S108 - in the image
        return maker(program.name, lambda: layer, [path])

    images = Images(
        {
            "public.ecr.aws/amazonlinux/amazonlinux": maker("amazonlinux", _amazon_linux),
            "public.ecr.aws/aws-cli/aws-cli": maker("aws-cli", lambda: _aws_cli(aws_cli)),
            stand_in_image.REPOSITORY_NAME: maker(
                "serving", lambda: stand_in_image.stand_in_layer(directory / "compiled")
            ),
            PAUSE_IMAGE.rpartition(":")[0]: maker("pause", lambda: system(["sleep"]), ["/usr/bin/sleep", "infinity"]),
            "registry.k8s.io/coredns/coredns": server(programs.coredns / "coredns"),
            "registry.k8s.io/metrics-server/metrics-server": server(programs.metrics_server / "metrics-server"),
        }
    )
    for name in images:
        if name != stand_in_image.REPOSITORY_NAME:
            images.get_within(name, None)
    return images


def _amazon_linux() -> Layer:
    layer = linux()
    layer.files["/etc/os-release"] = (
        b'NAME="Amazon Linux"\nVERSION_ID="2023"\nVARIANT="files of the embedded AWS\'s host"\n'
    )
    return layer


def _aws_cli(aws_cli: Path) -> Layer:
    # A read-only root keeps no compiled modules, and compiling them takes seconds each time.
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(aws_cli)], check=False, capture_output=True)  # noqa: S603 - our own command
    layer = _amazon_linux()
    layer.exclude = _NO_LIBRARY
    python = Path(sys.executable).resolve()
    add_python(layer, python, Path(sysconfig.get_path("stdlib")))
    layer.files["/opt/awscli"] = aws_cli
    layer.files["/usr/bin/aws"] = f'#!/bin/sh\nexec {python} /opt/awscli/aws "$@"\n'.encode()
    return layer
