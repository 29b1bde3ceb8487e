"""Images of TensorFlow Serving in a registry on this machine, and taking the program out of them."""

from __future__ import annotations

import struct
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from stand_in_registry import Node, Registry, layer_of
from tensorflow_optimizer.errors import BadInputError, OptimizerError
from tensorflow_optimizer.server_binary.take import take_program

if TYPE_CHECKING:
    from pathlib import Path

    from tensorflow_optimizer.server_binary.take import TakenProgram

PATH = "usr/bin/tensorflow_model_server"


def elf(machine: int = 62, text: bytes = b"the server") -> bytes:
    """Return the beginning of a program as a linker writes it, for 64 bits and little-endian."""
    header = struct.pack("<HHIQQQI6H", 2, machine, 1, 0, 64, 0, 0, 64, 56, 0, 0, 0, 0)
    return b"\x7fELF" + bytes([2, 1, 1]) + bytes(9) + header + text


PROGRAM = elf(text=b"the server" * 40_000)


def tagged(registry: Registry, manifest: bytes, tag: str = "2.20.0") -> str:
    """Let a tag stand for a manifest and return the image's name."""
    registry.content.tag("tensorflow/serving", tag, manifest)
    return f"{registry.host}/tensorflow/serving:{tag}"


def serving(registry: Registry, program: bytes = PROGRAM) -> bytes:
    """Keep an image as TensorFlow Serving's is made, and return its manifest."""
    return registry.content.image(
        layer_of(Node("etc/os-release", b"NAME=x")),
        layer_of(
            Node("usr/", kind=tarfile.DIRTYPE), Node("usr/bin/", kind=tarfile.DIRTYPE), Node(f"./{PATH}", program)
        ),
        layer_of(Node("usr/bin/tf_serving_entrypoint.sh", b"#!/bin/bash\n")),
    )


def take(image: str, directory: Path, **more: Any) -> TakenProgram:
    return take_program(image, directory / "program", lambda _: None, pause=0.01, **more)


def refusal(image: str, directory: Path, kind: type[OptimizerError] = BadInputError) -> str:
    with pytest.raises(OptimizerError) as caught:
        take(image, directory)
    assert type(caught.value) is kind, caught.value
    assert not list(directory.iterdir()), "something half-done was left"
    return str(caught.value)
