"""Compares the layers of two .tflite files, in a process of its own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from ..documents.manifest import Signature
from ..documents.outcome import LayerError
from ..documents.plain import from_plain, to_plain
from .layer_errors import errors_of

if TYPE_CHECKING:
    from ..sandbox import Channel


def layers(channel: Channel, _: Path) -> None:
    """Answer each request, which names two files and has inputs, with the errors of the layers."""
    for request in channel:
        asked = request.document
        floats, quantized = (Path(file).read_bytes() for file in asked["files"])
        described = from_plain(Signature, asked["described"], "the signature")
        count = len(next(iter(request.arrays.values())))
        rows = [{name: value[row] for name, value in request.arrays.items()} for row in range(count)]
        found = errors_of(floats, quantized, described, asked["signature"], rows)
        if not all(math.isfinite(layer.error) for layer in found):
            found = []
        channel.answer({"layers": to_plain(list[LayerError], found)})
